"""The tables, as numbered SQL files; ``BYTES`` stands for what the database calls a column of bytes."""
