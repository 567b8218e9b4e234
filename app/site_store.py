"""Store of this site, whose audit trail carries the site's key."""

from __future__ import annotations

from app.settings import Settings
from app.web.security.secrets import kept_once
from medical.store.audit import newest_number, record
from medical.store.audit_key import AuditKey
from medical.store.database import Store, open_store

KEY_FILE = "audit.key"


def open_site_store(settings: Settings) -> Store:
    """Open the store; what is entered in its trail from now on carries the key.

    The key is made at the first call. Where the trail has entries already, an entry with the key
    then closes them off: whoever rewrites them later is found out too.

    Raises:
        InputError: the store cannot be opened, or the key is damaged.
    """
    store = open_store(settings.address_of_store())
    new = AuditKey.new(first=newest_number(store) + 1)
    stored = kept_once(settings.work_dir, KEY_FILE, new.to_bytes())
    key = AuditKey.from_bytes(stored)
    store = store.with_key(key)
    if key == new and key.first > 1:
        with store.transaction() as session:
            record(session, actor="starlung", action="key", subject=f"from entry {key.first}")
    return store
