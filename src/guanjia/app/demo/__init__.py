"""Demo data: made through the platform's own doors (HTTP API, WeChat's protocol), so that they are as real as any."""

from guanjia.app.demo.load import DemoData

__all__ = ["DemoData"]
