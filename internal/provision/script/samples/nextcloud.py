#!/usr/bin/env python3
"""Sells Nextcloud accounts. A sample of a processing module: Python 3 with nothing beside it.

Settings: url (of the Nextcloud), username (an administrator's), password (crypted).
The add-on "disk" is the account's quota; without it there is none.

Every command may be repeated: the account is named after the service's number, and is looked for before it is made.
"""

import argparse
import base64
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

FEATURES = {
    "params": [{"name": "url"}, {"name": "username"}, {"name": "password", "crypted": True}],
    "features": ["check_connection", "check_addon", "open", "suspend", "resume", "close", "setparam"],
}
PATIENCE = 60  # seconds for one answer


class Refused(Exception):
    """What is told as an error: kind (auth, connection, or anything for a refusal) and words for people."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nowhere: the login would travel along."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


class Cloud:
    """Nextcloud's user API (OCS)."""

    def __init__(self, params):
        self.base = params["url"].rstrip("/") + "/ocs/v1.php/cloud/users"
        pair = "%s:%s" % (params["username"], params["password"])
        self.login = "Basic " + base64.b64encode(pair.encode()).decode()

    def call(self, method, path="", **form):
        request = urllib.request.Request(self.base + path + "?format=json", method=method)
        request.add_header("OCS-APIRequest", "true")
        request.add_header("Authorization", self.login)
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with OPENER.open(request, data=data, timeout=PATIENCE) as answer:
                body = answer.read()
        except urllib.error.HTTPError as e:
            if e.code in (401, 403):
                raise Refused("auth", "Nextcloud does not accept the login")
            if e.code == 404:
                return 404, {}
            raise Refused("connection", "Nextcloud answers with status %d" % e.code)
        except OSError as e:
            raise Refused("connection", "Nextcloud does not answer: %s" % e)
        try:
            ocs = json.loads(body)["ocs"]
            code = int(ocs["meta"]["statuscode"])
        except (ValueError, KeyError, TypeError):
            raise Refused("connection", "Nextcloud's answer cannot be read")
        if code == 997:
            raise Refused("auth", "Nextcloud does not accept the login")
        return code, ocs

    def must(self, method, path="", **form):
        code, ocs = self.call(method, path, **form)
        if code not in (100, 200):
            raise Refused("nextcloud", "Nextcloud refuses: %s (%d)" % (ocs.get("meta", {}).get("message") or "no reason", code))
        return ocs["data"]

    def find(self, user):
        """The account, or None."""
        code, ocs = self.call("GET", "/" + user)
        if code in (404, 998):
            return None
        if code not in (100, 200):
            raise Refused("nextcloud", "Nextcloud refuses (%d)" % code)
        return ocs["data"]


def quota(doc):
    """The ordered space in Nextcloud's words."""
    addon = (doc.get("add_ons") or {}).get("disk") or {}
    if not addon.get("amount"):
        return "none"
    unit = {"B": "B", "KiB": "KB", "MiB": "MB", "GiB": "GB", "TiB": "TB"}.get(addon.get("unit") or "GiB")
    if unit is None:
        raise Refused("value", "the unit of disk is none that Nextcloud knows")
    return "%s %s" % (addon["amount"], unit)


def open_account(cloud, doc, user):
    client, service = doc["client"], doc["service"]
    if cloud.find(user) is None:
        form = {"userid": user, "password": service["password"], "displayName": client["name"] or user, "quota": quota(doc)}
        if client["email"]:
            form["email"] = client["email"]
        code, ocs = cloud.call("POST", **form)
        if code not in (100, 102, 200):  # 102: a run before this one made it
            raise Refused("nextcloud", "Nextcloud refuses: %s (%d)" % (ocs.get("meta", {}).get("message") or "no reason", code))
    else:
        cloud.must("PUT", "/" + user, key="quota", value=quota(doc))
    return {"external_id": user, "parameters": {"username": user}}


def existing(cloud, user):
    if cloud.find(user) is None:
        raise Refused("nextcloud", "there is no account %s" % user)


def suspend(cloud, doc, user):
    existing(cloud, user)
    cloud.must("PUT", "/" + user + "/disable")
    return {}


def resume(cloud, doc, user):
    existing(cloud, user)
    cloud.must("PUT", "/" + user + "/enable")
    return {}


def close(cloud, doc, user):
    if cloud.find(user) is not None:
        code, ocs = cloud.call("DELETE", "/" + user)
        if code not in (100, 200, 404, 998):
            raise Refused("nextcloud", "Nextcloud refuses (%d)" % code)
    return {}


def set_param(cloud, doc, user):
    existing(cloud, user)
    cloud.must("PUT", "/" + user, key="quota", value=quota(doc))
    return {}


def check_connection(cloud, doc, user):
    cloud.must("GET")
    return {}


def check_addon(cloud, doc, user):
    if doc["check"]["code"] == "disk":
        quota(doc)
    return {}


COMMANDS = {
    "open": open_account, "suspend": suspend, "resume": resume, "close": close, "setparam": set_param,
    "check_connection": check_connection, "check_addon": check_addon,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--command", required=True)
    command = parser.parse_known_args()[0].command
    if command == "features":
        return FEATURES
    if command not in COMMANDS:
        raise Refused("command", "unknown command")
    doc = json.load(sys.stdin)
    service = doc.get("service") or {}
    user = service.get("external_id") or "t%s" % service.get("number", 0)
    return COMMANDS[command](Cloud(doc["module"]["params"]), doc, urllib.parse.quote(user, safe=""))


if __name__ == "__main__":
    try:
        print(json.dumps(main()))
    except Refused as e:
        print(json.dumps({"error": {"type": e.kind, "message": str(e)}}))
        sys.exit(1)
