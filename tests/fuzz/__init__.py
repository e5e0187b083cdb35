"""S-01: bytes of any kind, thrown at everything that reads a file of somebody else's."""
