"""rest/05 with FastAPI."""

import json
import os
from http import HTTPStatus

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from order_faults import faults
from starlette.exceptions import HTTPException

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


def problem(status, detail, headers=None, **more):
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return ProblemResponse(body, status, headers)


# Starlette's, for 404 and 405 come from its router.
@app.exception_handler(HTTPException)
async def refused(request: Request, error: HTTPException):
    return problem(error.status_code, error.detail, error.headers)


async def json_body(request: Request):
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415, "an order comes as application/json")
    try:
        return json.loads(await request.body())
    except ValueError:
        raise HTTPException(400, "the body is not JSON")


@app.post("/v1/orders", status_code=201)
async def create_order(order=Depends(json_body)):
    errors = [{"pointer": pointer, "detail": detail} for pointer, detail in faults(order)]
    if errors:
        return problem(422, "see errors", errors=errors)
    return order


if __name__ == "__main__":
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    uvicorn.run(app, host=host, port=int(port))
