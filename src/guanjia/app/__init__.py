"""The composition root: the list of services, and their wiring into one process."""
