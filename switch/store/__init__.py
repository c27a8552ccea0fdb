"""What the switch must not forget, in SQLite or PostgreSQL: rows of a few kinds, each under an id that we make.

* ``rows``, ``keyrows``: the kinds of rows, ``kinds``: all of them;
* ``schema``: their tables, derived; ``migrations``: numbered SQL files;
* ``view``: what a piece of work sees and changes; ``group``: many pieces of work in one transaction of the database;
* ``writer``: the one thread that writes, a bounded queue before it;
* ``database``: what a database must be able to do; ``sqlite``, ``postgres``: the two; ``opening``: one by its URL;
* ``leases``: which of several processes works on what;
* ``numbers``: ids that rise and never come twice; ``journal``: a message as it may be kept; ``reading``: recovery and
  the operators' questions.

A piece of work is a function of a view: it reads rows by id, decides, and puts rows back.  The writer gives a group of
them one transaction: the rows they need are fetched together, the last state of each changed row is written once, and
one commit makes all of it last.  Only then is each told its outcome.  So a row that fifty transactions of a group change
is written once, and PostgreSQL is asked two round trips for a group and not two for each statement.

Rows that were read are locked until the commit (PostgreSQL: FOR UPDATE), so several switch processes may share one
database: a decision made on a row is still right when it is written.  A row that was not there when it was looked for and
is there when it is added is a conflict, and the group decides again on what is there now.
"""
