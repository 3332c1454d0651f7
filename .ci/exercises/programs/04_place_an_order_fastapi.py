"""rest/04 with FastAPI."""

import os
import uuid

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

app = FastAPI()
orders = {}


class Draft(BaseModel):
    created_by: str
    equipment: list[str]


class Order(Draft):
    id: uuid.UUID


def is_json(request: Request):
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415, "an order comes as application/json")


@app.post("/v1/orders", status_code=201)
async def create_order(draft: Draft, request: Request, response: Response, _: None = Depends(is_json)) -> Order:
    order = Order(id=uuid.uuid4(), **draft.model_dump())
    orders[str(order.id)] = order
    # With http:// and the host.
    response.headers["Location"] = str(request.url_for("get_order", order_id=order.id))
    return order


@app.get("/v1/orders/{order_id}")
# As text: whatever is no UUID is unknown as well.
async def get_order(order_id: str) -> Order:
    if order_id not in orders:
        raise HTTPException(404)
    return orders[order_id]


@app.get("/v1/orders")
async def list_orders() -> dict[str, list[Order]]:
    return {"orders": list(orders.values())}


if __name__ == "__main__":
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    uvicorn.run(app, host=host, port=int(port))
