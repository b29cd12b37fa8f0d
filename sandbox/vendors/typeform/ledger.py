"""What the account holds at the clock: forms with their definitions, and every form's responses."""

from __future__ import annotations

from sandbox.ledger import GONE, Entry, Ledger, readable
from sandbox.vendors.typeform.account import fold
from sandbox.world import World


def ledger(world: World) -> Ledger:
    """Forms by id; responses by form and token, as a token is unique within its form only."""
    account = fold(world, world.extra_records("typeform", "forms"), world.extra_records("typeform", "responses"))
    forms = {
        form_id: Entry(definition)
        for form_id, body in account.definitions.items()
        if (definition := readable(body)) is not None
    }
    responses = {f"{form_id}:{token}": GONE for form_id, ranks in account.ranks.items() for token in ranks}
    for form_id, listed in account.responses.items():
        for item in listed:
            response = readable(item.body)
            if response is not None and item.token is not None:
                responses[f"{form_id}:{item.token}"] = Entry({"form_id": form_id, "response": response})
    return {"forms": forms, "responses": responses}
