"""A stand-in for the outside world: X, Care Opinion, NHS.UK reviews and organisations' websites over real HTTP.

It imports nothing of the rest of HealthBerry and shares no code with the connectors.
"""
