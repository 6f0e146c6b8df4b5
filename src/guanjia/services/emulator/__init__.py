"""WeChat's servers and phones, offline: accounts, tokens, fans, tags, menus, messages, media, QR codes, and pushes.

Owns everything that in the world outside belongs to WeChat or to its users; it knows nothing of Guanjia's companies,
so its rows carry an appid or a phone instead of a ``company_id``. Works in a demo only: elsewhere each address is 404.
Source of its rules: the platform's public documents, and what stock SDKs of third parties expect of it.

Files beyond a service's usual ones: ``api`` (WeChat's API, each interface an action in WeChat's wire format),
``delivery`` (carries pushes to the accounts' callbacks), ``verification`` (the console's check of a callback address),
``waiters`` (the live stream of the phones), ``business_clock`` (the demo's movable time), ``samples`` (pictures for a
phone without a camera), ``demo`` (refuses elsewhere).
"""
