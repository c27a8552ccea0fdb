"""Our own issuer: who may draw what from which account, and what is entered in the books when they do.

A card is the key to accounts: a current or savings account, whose money it is, or a credit account, whose limit is spent
first and paid later.  (Statements, interest and fees of a month belong to the bank's own system and are not here.)  What is
approved is posted at once, under the transaction's id, between the customer's account and the settlement account of the
link that asked; what is refused leaves nothing but, after a wrong PIN, one try less.

* ``config``: the ``[issuer]`` section; ``bookfile``: the files of accounts and cards; ``loading``: both into the store;
* ``cards``: what becomes of a card: standing, tries, the day's limits;
* ``track``: track 2; ``chip``: what a chip says; ``verifying``: what the HSM is asked, and what its answers mean;
* ``accounts``: which account a request means; ``balances``: what they hold, in DE 54;
* ``booking``: what is posted, and taken back again;
* ``authoriser``: all of it, as :class:`switch.flow.ports.Authoriser`.

**Which sale a void or refund means.**  A void names it by DE 62, the invoice number, at the same terminal (DE 41) of the
same acquirer (DE 32); a refund by DE 38, the approval code, at the same card acceptor (DE 42): both with the same card.
What they say of it besides (DE 38 and 90 of a void) must agree, or they are refused with 77; an unknown sale is 25, one
that is taken back already 21.  A void takes back all of a sale, refunds any part, and all of them together never more than
the sale.  Numbers of invoices begin again some day: the newest sale of the name is meant.  Voids and refunds are
transactions of their own and can be reversed, which puts the sale back in force.

**What is reversed.**  All or part of whatever was posted, each part once for its id; the card's day gets its share back.
What the customer has spent since can't be taken from him again: the reversal of a refund, or of money that was transferred
to him, is then refused with 51, and somebody must look at it.  A PIN change and a balance inquiry post nothing, so that
there is nothing to reverse (21): a PIN that was changed stays changed, since the cardholder alone knows which one is meant.

**Advices** (0220) tell what was done already, so the card, its PIN and limits are not asked about again; its day is
charged all the same.  Funds are not conjured up either: what the account doesn't hold is refused with 51, which is an
exception between us and who stood in.

**Chips**, where the configuration has the issuer's master key for them: a request whose card was read by its chip must have
a cryptogram (ARQC) in DE 55, or it is refused with 63, as it is with a wrong one, with one for another amount or currency,
and with one whose transaction counter is not higher than all before.  The answer has the ARPC in tag 91, an approval's
only: a card that misses it approves nothing.  A card that has a chip and is swiped is refused with 57, unless the
configuration allows it.  Refunds, voids and advices are booked without a cryptogram.

**The order of checks** is that of the response codes which a criminal learns least from: the card's standing, what track 2
and DE 14 say, CVV, cryptogram, PIN, then limits and funds.  Where one of the first two is wrong, the PIN's answer counts
for nothing.
"""
