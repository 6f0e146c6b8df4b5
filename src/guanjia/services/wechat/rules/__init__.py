"""Pure decisions of ``wechat``: what a push says, who may answer it, what may be sent, what an error means."""
