"""What a program in Python does with the API, over the client that is generated of docs/openapi.json."""

import os
import uuid

from glame_client import AuthenticatedClient, Client
from glame_client.api.customers import adjust_points, get_customer, get_customer_loyalty, list_customers
from glame_client.api.sign_in import login
from glame_client.models import CountName, PointsAdjustment, Problem, ProblemCode, StaffSignIn

url = os.environ["GLAME_URL"]
sign_in = StaffSignIn(email="admin@example.com", password=os.environ["GLAME_STAFF_PASSWORD"])
session = login.sync(client=Client(base_url=url), body=sign_in)
client = AuthenticatedClient(base_url=url, token=session.access_token)

page = list_customers.sync(client=client, limit=3, count=CountName.EXACT)
assert len(page.customers) == 3 and page.page.has_more
rest = list_customers.sync(client=client, limit=3, count=CountName.EXACT, cursor=page.page.next_)
customer = page.customers[0]
assert customer.id not in {other.id for other in rest.customers}

profile = get_customer.sync(customer.id, client=client)
assert profile.id == customer.id and profile.full_name == customer.full_name

before = get_customer_loyalty.sync(customer.id, client=client)
key = str(uuid.uuid4())
gift = PointsAdjustment(points=500, reason="Подарок", description="проверка")
for replayed in (None, "true"):
    answer = adjust_points.sync_detailed(customer.id, client=client, body=gift, idempotency_key=key)
    assert answer.status_code == 200 and answer.headers.get("Idempotency-Replayed") == replayed
    assert answer.parsed.transactions[0].points == 500
after = get_customer_loyalty.sync(customer.id, client=client)
assert after.balance == before.balance + 500

gift.points = 700
refused = adjust_points.sync(customer.id, client=client, body=gift, idempotency_key=key)
assert isinstance(refused, Problem) and refused.code is ProblemCode.IDEMPOTENCY_KEY_REUSED

print(f"{page.total} customers; {customer.id} has {after.balance} points")
