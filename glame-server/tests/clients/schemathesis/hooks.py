"""Lets schemathesis in, and shows it things that exist.

Random ids find nothing, and a run that signs itself out tests nothing but 401. So most of the ids
that are generated are exchanged for ids of the shop behind the server, and what ends a session or
destroys something is given a session or a thing of its own. What is generated to be wrong stays as
it is.

Every choice hangs on the generated value alone, so that a seed gives the same run again.
"""

import atexit
import json
import os
import time
import uuid
from urllib.parse import quote

import requests
import schemathesis
from hypothesis import strategies
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

URL = os.environ["GLAME_URL"]
PASSWORD = os.environ["GLAME_STAFF_PASSWORD"]
# Where the answers to the examples are written, if they are to be written anew.
RECORD = os.environ.get("GLAME_RECORD_EXAMPLES")
# What begins jobs, of which one is done at a time.
JOBS = ("/api/admin/1c/sync/", "/api/admin/segments/refresh")
ADMIN, CONTENT = "admin@example.com", "content_manager@example.com"


class Shop:
    """The shop behind the server, as its administrator sees it."""

    def __init__(self):
        self.passwords = {ADMIN: PASSWORD, CONTENT: PASSWORD}
        self.tokens = {}
        customers = self.read("/api/admin/customers?sort=total_spent&limit=200")["customers"]
        holders = [one for one in customers if one.get("discount_card_number")]
        # The first is signed in, the second signs in and out, the last ones are forgotten.
        self.card, self.other_card = (one["discount_card_number"] for one in holders[:2])
        self.victims = [one["id"] for one in holders[-10:]]
        self.phone = next(one["phone"] for one in holders if one.get("phone"))
        self.customers = [one["id"] for one in customers if one["id"] not in self.victims]
        self.products = [one["id"] for one in self.read("/api/products")["items"]]
        self.looks = [self.new_look() for _ in range(3)]
        self.staff = [self.new_member(n) for n in range(3)]
        self.segments = [self.new_segment(n) for n in range(3)]
        self.done("/api/admin/segments/refresh")
        self.done("/api/admin/1c/sync/points")
        self.webhooks = [self.new_webhook() for _ in range(3)]
        tests = [self.make(f"/api/admin/webhooks/{one}/test") for one in self.webhooks]
        self.events = [test["event_id"] for test in tests]
        self.runs = [run["id"] for run in self.read("/api/admin/1c/sync/status")["runs"]]
        self.jobs = [self.make("/api/admin/1c/sync/customers")["task_id"]]
        self.moves = {one: self.moves_of(one) for one in self.customers}

    def token(self, who):
        """Gives a session that lasts as long as nothing ends it."""
        if who not in self.tokens:
            if "@" in who:
                body = {"email": who, "password": self.passwords[who]}
                opened = call("POST", "/api/auth/login", None, body)
            else:
                body = {"card_number": who, "code": who[-4:]}
                opened = call("POST", "/api/auth/login-by-card", None, body)
            self.tokens[who] = opened["access_token"]
        return self.tokens[who]

    def read(self, path, who=ADMIN):
        return call("GET", path, self.token(who))

    def make(self, path, body=None, who=ADMIN):
        return call("POST", path, self.token(who), body)

    def new_look(self):
        return self.make("/api/looks", {"title": "Вечер", "product_ids": self.products[:1]})["id"]

    def new_member(self, n):
        body = {"email": f"spare{n}@example.com", "role": "content_manager"}
        return self.make("/api/admin/staff", body)["member"]["id"]

    def new_segment(self, n):
        rule = {"field": "total_purchases", "op": "gte", "value": 1}
        body = {"name": f"Запасной {n}", "rule": {"version": 1, "rule": rule}}
        made = self.make("/api/admin/segments", body)["id"]
        return made

    def new_webhook(self):
        # There may be only so many: those that the run has made go first.
        for one in self.read("/api/admin/webhooks")["endpoints"]:
            if one["id"] not in getattr(self, "webhooks", [one["id"]]):
                call("DELETE", f"/api/admin/webhooks/{one['id']}", self.token(ADMIN))
        made = self.make("/api/admin/webhooks", {"url": "https://till.example/glame"})
        return made["endpoint"]["id"]

    def new_saved_look(self):
        body = {"look_id": self.new_look(), "save_type": "favorite"}
        return self.make("/api/customer/saved-looks", body, self.card)["id"]

    def new_bonus(self, customer):
        """Gives points that can be taken back, which those of a receipt cannot."""
        path = f"{URL}/api/admin/customers/{customer}/loyalty/bonus"
        body = {"points": 100, "rule": "spare", "occasion": str(uuid.uuid4()), "reason": "Подарок"}
        headers = {"Authorization": f"Bearer {self.token(ADMIN)}", "Idempotency-Key": body["occasion"]}
        answer = requests.post(path, json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()["transactions"][0]["id"]

    def done(self, path):
        """Begins a job and waits until it is over."""
        self.wait()
        self.make(path)
        self.wait()

    def wait(self):
        """Waits until no job is under way."""
        while self.read("/api/admin/1c/sync/status")["active_tasks"]:
            time.sleep(0.1)

    def moves_of(self, customer):
        loyalty = self.read(f"/api/admin/customers/{customer}/loyalty")
        return [move["id"] for move in loyalty["transactions"]]

    def ids(self, case, name):
        """Gives ids of what a parameter of a path names."""
        method, path = case.method.upper(), case.path
        if path.endswith("/cancel") and is_example(case):
            self.wait()
            return [self.make("/api/admin/1c/sync/full")["task_id"]]
        if path.startswith("/api/customer/saved-looks/"):
            return [self.new_saved_look()]
        if path.startswith("/api/auth/sessions/"):
            # The session at hand may just have been ended.
            self.tokens.pop(self.other_card, None)
            sessions = self.read("/api/auth/sessions", self.other_card)["sessions"]
            return [session["id"] for session in sessions]
        if method == "DELETE" and path.startswith("/api/admin/customers/"):
            return [self.victims.pop()] if len(self.victims) > 1 else self.victims
        if method == "DELETE" and path.startswith("/api/admin/webhooks/"):
            return [self.new_webhook()]
        if name == "event_id":
            return self.events
        ids = {
            "/api/admin/customers/": self.customers,
            "/api/admin/staff/": self.staff,
            "/api/admin/webhooks/": self.webhooks,
            "/api/admin/1c/sync/task/": self.jobs,
            "/api/admin/1c/sync/runs/": self.runs,
            "/api/looks/": self.looks,
            "/api/admin/segments/": self.customers if name == "user_id" else self.segments,
        }
        return next(some for prefix, some in ids.items() if path.startswith(prefix))


def call(method, path, token, body=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.request(method, URL + path, headers=headers, json=body, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.content else None


shop = Shop()

# What schemathesis makes up for headers has no quotes unless it is told.
versions = strategies.integers(min_value=0, max_value=10**18 - 1)
schemathesis.openapi.format("etag", versions.map('"{}"'.format))


@schemathesis.auth(refresh_interval=None)
class Session:
    """Customers see their cabinet, the administrator the rest; what ends a session has its own."""

    def get(self, case, _context):
        operation = operation_of(case)
        if operation in ("logout", "revokeSession"):
            shop.tokens.pop(shop.other_card, None)
        return shop.token(who_calls(case))

    def set(self, case, token, _context):
        case.headers["Authorization"] = f"Bearer {token}"


def who_calls(case):
    if operation_of(case) in ("logout", "revokeSession"):
        return shop.other_card
    if operation_of(case) == "changePassword":
        return CONTENT
    return shop.card if case.path.startswith("/api/customer/") else ADMIN


@schemathesis.hook
def before_call(_context, case, _kwargs):
    if not is_declared(case):
        return
    if is_example(case) and case.path.startswith(JOBS):
        shop.wait()
    if isinstance(case.path_parameters, dict):
        for name, value in case.path_parameters.items():
            if chosen(case, value) or is_id(value) and destroys(case):
                ids = shop.ids(case, name)
                case.path_parameters[name] = one_of(case, ids, value)
    if isinstance(case.query, dict) and not is_wrong(case, ParameterLocation.QUERY):
        make_sense(case)
    if isinstance(case.body, dict):
        improve(case.body, case)
    if is_example(case) and operation_of(case) == "importSegmentMembers":
        case.body = f"{case.body}{shop.phone}\n"
    if not is_wrong(case, ParameterLocation.HEADER):
        if often(case, case.headers, "If-Match"):
            case.headers["If-Match"] = etag_of(case) or case.headers["If-Match"]
        if often(case, case.headers, "Idempotency-Key"):
            case.headers["Idempotency-Key"] = name_of(case.path_parameters, case.query, case.body)


@schemathesis.hook
def after_call(_context, case, response):
    is_json = response.headers.get("content-type", [""])[0].startswith("application/json")
    if RECORD and is_example(case) and is_json and response.status_code < 300:
        answers[operation_of(case)] = shortened(response.json())
    if operation_of(case) == "changePassword" and response.status_code == 204:
        shop.passwords[CONTENT] = case.body["new_password"]


@schemathesis.check
def examples_are_carried_out(_context, response, case):
    """An example of the document does what the operation is for, and is answered as it tells."""
    if not is_example(case):
        return
    # The shop has fewer customers than Yandex takes.
    if operation_of(case) == "exportYandexAudience" and response.status_code == 409:
        return
    documented = case.operation.definition.raw["responses"]
    successes = [int(status) for status in documented if status.startswith("2")]
    assert response.status_code in successes, f"the example is refused: {response.text}"
    for kind, content in documented[str(response.status_code)].get("content", {}).items():
        if not kind.startswith("application/json"):
            continue
        missing = set() if RECORD else set(content["example"]) - set(response.json())
        assert not missing, f"the answer has no {missing}"


answers = {}


def shortened(value, name=None):
    """Gives an answer as the document shows it: lists with one entry, and no secret."""
    if isinstance(value, dict):
        return {key: shortened(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [shortened(inner) for inner in value[:1]]
    return "…" if name in ("access_token", "csrf_token", "secret", "temporary_password") else value


def write_answers():
    with open(RECORD, encoding="utf-8") as file:
        examples = json.load(file)
    examples["answers"] = dict(sorted(answers.items()))
    with open(RECORD, "w", encoding="utf-8") as file:
        json.dump(examples, file, ensure_ascii=False, indent=2)
        file.write("\n")


if RECORD:
    atexit.register(write_answers)


def make_sense(case):
    """A cursor is what the server has given for this very list; a first day comes before the last."""
    query = case.query
    if "cursor" in query:
        del query["cursor"]
        url = URL + path_of(case)
        answer = requests.get(url, params=query, headers=headers_of(case), timeout=30)
        cursor = answer.ok and answer.json().get("page", {}).get("next")
        if cursor:
            query["cursor"] = cursor
    for first, last in (("from_date", "to_date"), ("last_purchase_from", "last_purchase_to")):
        if first in query and last in query:
            query[first], query[last] = sorted((query[first], query[last]))


def improve(body, case):
    """Exchanges what is well-formed in a body for what exists."""
    operation = operation_of(case)
    look = body.get("look") if isinstance(body.get("look"), dict) else body
    products = look.get("product_ids")
    if isinstance(products, list):
        look["product_ids"] = [some(case, shop.products, one) for one in products]
    if isinstance(body.get("user_ids"), list):
        body["user_ids"] = [some(case, shop.customers, one) for one in body["user_ids"]]
    if is_id(body.get("segment_id")):
        body["segment_id"] = some(case, shop.segments, body["segment_id"])
    if is_id(body.get("look_id")):
        known = [shop.new_look()] if is_example(case) else shop.looks
        body["look_id"] = some(case, known, body["look_id"])
    moves = shop.moves.get((case.path_parameters or {}).get("id"))
    if moves and is_id(body.get("transaction_id")):
        if is_example(case) or number(body["transaction_id"]) % 2:
            moves = [shop.new_bonus(case.path_parameters["id"])]
        body["transaction_id"] = some(case, moves, body["transaction_id"])
    if is_wrong(case, ParameterLocation.BODY):
        return
    for name, known in (
        ("url", "https://till.example/{}"),
        ("image_url", "https://pictures.example/{}.jpg"),
        ("email", "{}@example.com"),
        ("new_password", "гуси летят на юг {}"),
    ):
        if operation != "login" and not is_example(case) and often(case, body, name):
            body[name] = known.format(name_of(body[name])[:8])
    if operation == "spendPoints" and not is_example(case) and isinstance(body.get("points"), int):
        body["points"] = 100 + body["points"] % 50 if body["points"] % 2 else body["points"]
    if operation == "changePassword" and often(case, body, "current_password"):
        body["current_password"] = shop.passwords[CONTENT]
    if operation == "login" and often(case, body, "email", "password"):
        body["email"], body["password"] = ADMIN, shop.passwords[ADMIN]
    if operation == "loginByCard" and often(case, body, "card_number", "code"):
        body["card_number"], body["code"] = shop.other_card, shop.other_card[-4:]


def etag_of(case):
    path = path_of(case).removesuffix("/enable").removesuffix("/disable")
    return requests.get(URL + path, headers=headers_of(case), timeout=30).headers.get("ETag")


def headers_of(case):
    return {"Authorization": f"Bearer {shop.token(who_calls(case))}"}


def path_of(case):
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace("{%s}" % name, quote(str(value), safe=""))
    return path


def operation_of(case):
    return case.operation.definition.raw.get("operationId")


def is_example(case):
    """Tells whether the request is one that the document shows."""
    return case.meta is not None and case.meta.phase.name == TestPhase.EXAMPLES


def is_declared(case):
    """Tells whether the method is one that the address has."""
    return case.method.lower() in case.operation.schema.raw_schema["paths"][case.path]


def is_wrong(case, location):
    """Tells whether a part of the request was generated to be refused."""
    return case.meta is not None and case.meta.is_negative_at(location)


def destroys(case):
    """Tells whether an id that the run itself lives by must be exchanged in any case."""
    return case.method.upper() == "DELETE" or case.path.startswith("/api/admin/staff/")


def is_id(value):
    try:
        return str(uuid.UUID(value)) == value
    except (ValueError, TypeError, AttributeError):
        return False


def number(value):
    return uuid.UUID(value).int // 4


def chosen(case, value):
    """Tells whether an id is exchanged: those of examples are, and three of four others."""
    return is_id(value) and (is_example(case) or uuid.UUID(value).int % 4 != 0)


def one_of(case, known, value):
    return known[0 if is_example(case) else number(value) % len(known)]


def name_of(*values):
    """Gives the same name to the same values, and another to others."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, repr(values)))


def some(case, known, value):
    return one_of(case, known, value) if chosen(case, value) else value


def often(case, fields, *names):
    """Tells whether texts are exchanged: those of examples are, and every second other."""
    texts = [(fields or {}).get(name) for name in names]
    if not all(isinstance(text, str) and text for text in texts):
        return False
    return is_example(case) or len(texts[0]) % 2 == 1
