"""What may be asked for, from where, and how it is answered: two tables that the operator keeps.

* ``services.toml``: which channel (ATM, POS, teller, …) offers which service, by which codes a request of it is known, what
  it and its answer must, may and must not contain, whether it can be reversed, whether the switch may answer itself, and
  under which key its fee stands; what single banks don't offer;
* ``responses.toml``: the response codes, and what single links say instead of them.

``catalogue`` recognises a request and checks its answer, ``fieldset`` is what one direction holds, ``servicefile`` reads
the first file and ``responses`` the second.  A new service is a row, not code.
"""
