"""rest/03 with FastAPI."""

import os
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Header, Request

app = FastAPI()


@app.post("/demo/{path_demo}")
async def demo(path_demo: str, param_demo: str, header_demo: Annotated[str, Header()], request: Request):
    body = (await request.body()).decode()
    return {"result": {"path": path_demo, "param": param_demo, "header": header_demo, "body": body}}


if __name__ == "__main__":
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    uvicorn.run(app, host=host, port=int(port))
