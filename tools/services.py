"""What the tests need beside the checkout: two database servers and a browser, at their usual places."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pymysql

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def postgresql() -> str | None:
    """None when PostgreSQL answers on this machine, else why not."""
    try:
        with psycopg.connect(host="127.0.0.1", port=5432, user="postgres", dbname="postgres", connect_timeout=3):
            return None
    except psycopg.Error as error:
        return " ".join(str(error).split())


def mariadb() -> str | None:
    """None when MariaDB answers on this machine, else why not."""
    try:
        with pymysql.connect(host="127.0.0.1", port=3306, user="root", connect_timeout=3):
            return None
    except pymysql.Error as error:
        return " ".join(str(error).split())


def chromium() -> str | None:
    """None when Chromium is installed, or could be just now (as root, with apt-get), else why not."""
    installer = Path(__file__).with_name("install_browser.sh")
    ended = subprocess.run(
        ["sh", str(installer)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if any(shutil.which(name) for name in CHROMIUM_NAMES):
        return None
    lines = ended.stdout.strip().splitlines()
    return lines[-1] if lines else "no Chromium"


NEEDS: dict[str, Callable[[], str | None]] = {
    "Chromium": chromium,
    "PostgreSQL": postgresql,
    "MariaDB": mariadb,
}


def are_required() -> bool:
    """Whether a missing one is a failure (CI) and not a named skip."""
    return os.environ.get("GUANJIA_REQUIRE_SERVICES") == "1"
