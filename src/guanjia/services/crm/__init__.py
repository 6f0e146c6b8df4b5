"""Customers: who somebody is across channels.

Owns: customers, their identities (openid per account, unionid, phone, web visitor), tags, remark and note.
Does not own: fans and follow state (``wechat``), conversations (``chat``).
Source of its rules: R-CALL-07, R-360-01, A18 (identifiers encrypted, matched by keyed hash, masked, reveals audited).
"""
