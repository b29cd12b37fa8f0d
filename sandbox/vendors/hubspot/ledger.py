"""What the account holds at the clock: the live, the archived, and the ids and links that once were."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.ledger import GONE, Entry, Ledger
from sandbox.model import ContactCreated
from sandbox.vendors.hubspot import wire
from sandbox.vendors.hubspot.api import LINK_STREAMS
from sandbox.vendors.hubspot.extras import Extra, read_extras
from sandbox.vendors.hubspot.portal import OBJECT_TYPES, Portal
from sandbox.world import World


class _Remembering(Portal):
    """The account that also knows which links there ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.ever_linked: dict[tuple[str, str], set[tuple[int, int]]] = {ends: set() for ends in LINK_STREAMS}

    def _link(self, near: str, number: int, far: str, other: int) -> None:
        super()._link(near, number, far, other)
        for ends, pair in (((near, far), (number, other)), ((far, near), (other, number))):
            if ends in self.ever_linked:
                self.ever_linked[ends].add(pair)


def ledger(world: World) -> Ledger:
    """Objects and owners by id, with every property that the account keeps of them; links by both ids."""
    portal = _Remembering()
    if not world.data_dir_mode:
        portal.fold(world.company, world.events())
    found: Ledger = {kind: _objects(world, portal, kind) for kind in OBJECT_TYPES}
    found["owners"] = _owners(world, portal)
    for (near, far), stream in LINK_STREAMS.items():
        found[stream] = _links(world, portal, near, far, stream, found[near])
    return found


def _objects(world: World, portal: Portal, kind: str) -> dict[str, Entry]:
    entries, purged = {}, world.purged("hubspot", kind)
    if kind == "contacts":  # a merged-away contact is in no list any more, archived or not
        entries = {str(event.contact_id): GONE for event in world.events() if isinstance(event, ContactCreated)}
    for number, item in portal.objects[kind].items():
        record = msgspec.json.decode(wire.object_record(kind, item, list(item.properties)))
        entries[str(number)] = Entry(record, item.archived_at is not None)
    for number, extra in _extras(world, kind).items():
        if not portal.is_merged_away(kind, number):
            entries[str(number)] = Entry(extra.fields, extra.is_archived)
    return {number: GONE if number in purged else entry for number, entry in entries.items()}


def _owners(world: World, portal: Portal) -> dict[str, Entry]:
    """One who left still owns records: archived, and not deleted."""
    owners = {} if world.data_dir_mode else portal.owners(world.company, world.now())
    served = {number: wire.owner_record(number, owner) for number, owner in owners.items()}
    records: dict[int, Any] = {number: msgspec.json.decode(body) for number, body in served.items()}
    records |= {number: extra.fields for number, extra in _extras(world, "owners").items()}
    return {str(number): Entry(record) for number, record in records.items()}


def _links(
    world: World, portal: _Remembering, near: str, far: str, stream: str, nears: dict[str, Entry]
) -> dict[str, Entry]:
    entries = {f"{number}:{other}": GONE for number, other in portal.ever_linked[near, far]}
    extras, purged = _extras(world, stream, id_of="from"), world.purged("hubspot", far)
    for text, entry in nears.items():
        if entry.is_deleted:
            continue
        number = int(text)
        if number in extras:
            to = extras[number].fields.get("to")
            served = [link for link in to if isinstance(link, dict)] if isinstance(to, list) else []
        else:
            others = [other for other in portal.linked(near, far, number) if str(other) not in purged]
            served = [wire.link(near, far, other, is_primary=other == others[0]) for other in others]
        for link in served:
            record = {"from_id": text, "association": link}
            entries[f"{text}:{link.get('toObjectId')}"] = Entry(record)
    return entries


def _extras(world: World, stream: str, *, id_of: str = "id") -> dict[int, Extra]:
    """The records put in by hand that have an id; the others have no key, and belong into quarantine."""
    extras = read_extras(world.extra_records("hubspot", stream), id_of=id_of)
    return {number: extra for number, extra in extras.items() if not extra.is_loose}
