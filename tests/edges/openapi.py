"""As much of OpenAPI 3.1 as docs/workspace-api.json says: is a request, or an answer, one that it describes?"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from stage.wire import Request

API = json.loads((Path(__file__).resolve().parents[2] / "docs" / "workspace-api.json").read_text())
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "null": type(None),
}
KNOWN = {"type", "required", "properties", "additionalProperties", "items", "format", "minimum", "maximum", "$ref"}


def check_request(request: Request) -> dict[str, Any]:
    """Its operation. Raises AssertionError where the request is not as described."""
    operation, found = _operation(request.method, request.path)
    query = dict(parse_qsl(urlsplit(request.path).query))
    for parameter in operation.get("parameters", []):
        places: dict[str, Any] = {"path": found, "query": query, "header": request.headers}
        value = places[parameter["in"]].get(parameter["name"])
        assert value is not None or not parameter["required"], f"{parameter['name']} is missing"
        if value is not None:
            number = parameter["schema"]["type"] == "integer"
            check(int(value) if number else value, parameter["schema"], parameter["name"])
    assert query.keys() <= {parameter["name"] for parameter in operation.get("parameters", [])}
    assert request.headers["Authorization"].startswith("Bearer "), "the token"
    if body := operation.get("requestBody"):
        check(request.json, _json(body), "the body")
    else:
        assert not request.body
    return operation


def check_answer(operation: dict[str, Any], status: int, body: bytes) -> None:
    assert str(status) in operation["responses"], f"{status} is not described"
    described = operation["responses"][str(status)]
    if "content" in described:
        check(json.loads(body), _json(described), f"the answer {status}")
    else:
        assert not body


def check(value: Any, schema: dict[str, Any], where: str) -> None:
    """Raises AssertionError where the value does not fit."""
    if "$ref" in schema:
        return check(value, API["components"]["schemas"][schema["$ref"].rpartition("/")[2]], where)
    assert schema.keys() - {"description"} <= KNOWN, f"{where}: this checker does not know all of {schema.keys()}"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(isinstance(value, TYPES[name]) for name in types), f"{where} is no {types}: {value!r}"
    assert schema.get("minimum", value) <= value <= schema.get("maximum", value) if isinstance(value, int) else True
    if schema.get("format") == "uuid":
        UUID(value)
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= value.keys(), f"{where} lacks one of {schema['required']}"
        properties = schema.get("properties", {})
        assert schema.get("additionalProperties", True) or value.keys() <= properties.keys(), f"{where}: {value}"
        for name in properties.keys() & value.keys():
            check(value[name], properties[name], f"{where}.{name}")
    if isinstance(value, list):
        for one in value:
            check(one, schema["items"], f"one of {where}")
    return None


def _operation(method: str, path: str) -> tuple[dict[str, Any], dict[str, str]]:
    for template, operations in API["paths"].items():
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template)
        if (match := re.fullmatch(pattern, urlsplit(path).path)) and method.lower() in operations:
            return operations[method.lower()], match.groupdict()
    raise AssertionError(f"{method} {path} is not described")


def _json(content: dict[str, Any]) -> dict[str, Any]:
    return content["content"]["application/json"]["schema"]
