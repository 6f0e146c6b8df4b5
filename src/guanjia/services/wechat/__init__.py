"""WeChat Official Accounts: callback, fans, dispatch to providers, access tokens, sends, quotas, media.

Owns accounts with their keys, the raw pushes, fans and their sending windows, announced providers, keyword replies, the
quota ledger. Does not own conversations (chat) or customers (crm). Source of its rules: the platform's documents, and
R-WX-01, R-WX-09..14, R-WX-17..23, A14, A22 of the requirements.

Files beyond a service's usual ones: ``callback`` (WeChat's pushes, raw ASGI), ``registry`` (accounts, providers and
keyword replies in memory), ``dispatch`` (runs the providers), ``passive`` (answers within the callback), ``api``
(WeChat's interfaces, with quota, permission and error policy), ``tokens`` (the one holder of access tokens),
``channels`` (what kit.outgoing calls: messages, dispatch, media, fans), ``checks`` (tries an account's credentials),
``typing_hints`` (the typing sign), ``words`` (reasons in the reader's language).
"""
