"""The Eracom host functions, as ProtectHost White (Mark II) and Luna EFT hosts speak them.

A frame is SOH (01), a header version (01), a sequence number of two bytes that is echoed, two bytes of length, and then:
a function code of one byte or three, after three bytes a function modifier, fields.  The reply repeats the function code
and goes on with one byte, the return code; fields follow 00 only.  Fields are bytes: packed digits, binary numbers,
bytes led by a count of variable length, key specifiers.

* ``fields``: the vocabulary that the messages share;
* ``codes``: the return codes of refusals, and the table of functions;
* ``dispatch``: the one door: parse, gate, do, build, audit; and which of several faults is told;
* ``session``: a host connection;
* the other modules are one family of functions each.

Adding a function touches one family, its vectors (protocol-spec/eracom/vectors) and nothing else:

1. a request class in the family's module, of ``fields.Request`` (which brings the modifier; ``Message`` for a function code
   of one byte), and a reply class of ``Message``; ``Empty`` for none;
2. a function decorated ``@eracom.command("EE0602")``, whose docstring is the manual page: the first line its purpose, the
   rest its remarks, among them what no public source shows and is inferred;
3. in it, keys come from ``hsm.domain_key(ask.key, PPK)``, ``hsm.domain.verification_key`` (a PVK and its table) and
   ``hsm.domain.transport_key``; the meaning from ``hsm.operations``; reasons to refuse are ``hsm.refusal``'s, and a new one
   gets its return code in ``codes``;
4. the module has a CATEGORY, for the audit log.  A function that changes state says ``changes_state=True``.

What is wrong is told in this order: function code, modifier, form of key specifiers, length of the message, index and
presence of keys, digits, PIN format, and what the operation finds.  The order of checks is the dispatcher's: a function
opens its keys first and need not look at digits that its fields declare.
"""
