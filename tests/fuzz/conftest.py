"""What of this directory is no test: it needs the fuzzer, which has an environment of its own."""

collect_ignore = ["harness.py", "run.py"]
