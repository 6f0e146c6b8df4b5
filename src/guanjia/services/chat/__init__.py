"""Conversations: the inbox of agents, whatever the channel.

Owns conversations and messages with their one order key, who may see them (access rows), groups with capacity, skills
and hours, the queue, assignment and hand-back, presence, drafts, canned replies, greetings, ratings, and the figures
of today. Does not own the channel itself (``wechat`` receives and sends), customers (``crm``), staff and organisations
(``auth``). Sources of its rules: R-CALL-01..07, R-SVC-05..12, requirements §2.12.
"""
