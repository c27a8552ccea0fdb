"""What the appliance allows: settings, authorised activities, the gate, fraud limits.

``settings`` is a frozen record whose fields are declarations; a change makes another record.  ``authority`` says which
activities officers have authorised, for which LMK and interface and until when.  ``gate`` puts both together: host
commands and console commands pass the same one before they do anything.  ``fraud`` counts failed PIN verifications of
the whole device and says when they must stop.  ``pinformats`` says which PIN block formats may come in, go out and be
turned into which.  Nothing here knows a dialect: commands are named by their codes, reasons
by ``hsm.refusal``.
"""
