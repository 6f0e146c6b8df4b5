"""Companies, the organisation tree, staff, roles, tokens, menus and the audit trail.

Owns who somebody is and what his roles allow; the gateway decides each request by what this service tells it, and
each service decides which rows he sees. Does not own customers (``crm``) or the agents' presence (``chat``).
Sources: R-PLAT-05, R-PLAT-12..14, platform-protocols §4, conventions "Tokens".
"""
