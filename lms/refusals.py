"""What any endpoint may answer instead of what it is for, written into the API's schema once for all of them."""

from typing import Any

ANY_METHOD = {
    "400": "Something in the address or in what was sent is not as it has to be.",
    "401": "The token is unknown, revoked or expired.",
    "403": "Not signed in, or it may be seen but not done; the sentence says why.",
    "404": "It is not there, or not for this person.",
    "406": "Not in the form that was asked for.",
    "429": "Asked too often; `Retry-After` says when to ask again.",
}
WRITING = {
    "409": "It cannot be now.",
    "413": "It is too large.",
    "415": "It was sent in a form that is not read here.",
    "422": "It is understood, and still cannot be taken.",
}
REFUSAL = {
    "type": "object",
    "properties": {
        "detail": {
            "description": "A sentence for whoever asked, or some.",
            "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        }
    },
    "additionalProperties": {"description": "Or what is wrong, by the name of what was sent."},
}


def describe_refusals(result: dict[str, Any], **_about: object) -> dict[str, Any]:
    """A hook of drf-spectacular: `result` is the schema."""
    result["components"].setdefault("schemas", {})["Refusal"] = REFUSAL
    for path in result["paths"].values():
        for method, operation in path.items():
            forms = {form for answer in operation["responses"].values() for form in answer.get("content", {})}
            content = {form: {"schema": {"type": "string"}} for form in forms if form != "application/json"}
            content["application/json"] = {"schema": {"$ref": "#/components/schemas/Refusal"}}
            for status, words in {**ANY_METHOD, **({} if method == "get" else WRITING)}.items():
                operation["responses"].setdefault(status, {"description": words, "content": content})
    for schema in result["components"]["schemas"].values():
        for field in schema.get("properties", {}).values():
            if field.get("type") == "string" and field.get("minLength") == 1:
                field["pattern"] = r"\S"  # spaces alone are blank too
    return result
