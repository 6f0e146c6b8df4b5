"""WeChat's API: every interface is an action in WeChat's own wire format; ``api.app`` serves them by path only."""
