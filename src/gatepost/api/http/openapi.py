"""The OpenAPI 3.1 document of one surface, made from the rows of its route table."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from starlette.types import Receive, Scope, Send

from gatepost.api.http.answers import answer
from gatepost.api.http.operations import Operation
from gatepost.errors import Report

_REF = "#/components/schemas/{name}"
_JSON = "application/json"
_PATH_NAME = re.compile(r"{(\w+)}")


class Extra(NamedTuple):
    """A route that is no operation: its path, what it is for, and how it is asked."""

    path: str
    says: str
    methods: tuple[str, ...] = ("get",)


class Document:
    """The endpoint that shows the document."""

    def __init__(
        self, title: str, version: str, rows: Sequence[Operation[Any]], extra: Sequence[Extra]
    ) -> None:
        self.document = document(title, version, rows, extra)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the document."""
        await answer(send, self.document)


def document(
    title: str, version: str, rows: Sequence[Operation[Any]], extra: Iterable[Extra]
) -> dict[str, Any]:
    """The document as plain JSON data."""
    types = [Report, *(row.gives for row in rows), *(row.takes for row in rows)]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    gives, takes = schemas[1 : 1 + len(rows)], schemas[1 + len(rows) :]
    paths: dict[str, dict[str, Any]] = {}
    for row, given, taken in zip(rows, gives, takes, strict=True):
        operation = _operation(row, given, taken, components)
        paths.setdefault(row.path, {})[row.method.lower()] = operation
    for one in extra:
        operation: dict[str, Any] = {"summary": one.says}
        operation["responses"] = {"200": {"description": one.says}, **_refusal()}
        if names := _PATH_NAME.findall(one.path):
            operation["parameters"] = [
                _parameter(name, "path", {"type": "string"}, True) for name in names
            ]
        for method in one.methods:
            paths.setdefault(one.path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(
    row: Operation[Any], gives: dict[str, Any], takes: dict[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    names: list[str] = _PATH_NAME.findall(row.path)
    parameters = [_parameter(name, "path", {"type": "string"}, True) for name in names]
    operation: dict[str, Any] = {
        "operationId": row.does.__name__,
        "summary": row.says,
        "responses": {
            "200": {"description": row.says, "content": {_JSON: {"schema": gives}}},
            **_refusal(),
        },
    }
    if row.has_body:
        operation["requestBody"] = {"content": {_JSON: {"schema": takes}}}
    else:
        schema = components[takes["$ref"].rpartition("/")[2]]
        required = schema.get("required", [])
        parameters += [
            _parameter(name, "query", field, name in required)
            for name, field in schema["properties"].items()
        ]
    if parameters:
        operation["parameters"] = parameters
    return operation


def _parameter(name: str, where: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    return {"name": name, "in": where, "required": required, "schema": schema}


def _refusal() -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=Report.__name__)}
    return {
        "default": {"description": "Refused; see `fix`", "content": {_JSON: {"schema": schema}}}
    }
