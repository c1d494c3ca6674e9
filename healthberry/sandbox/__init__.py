"""A stand-in for the outside world: the sites where patients write, and organisations' websites, over real HTTP.

It imports nothing of the rest of HealthBerry and shares no code with the connectors.
"""
