"""The payment switch: ISO 8583 between members, with every PIN, MAC and key in the HSM.

Not built yet.  When it is, it reaches the HSM over TCP through ``hsm.client`` only, never by import of the appliance.
"""
