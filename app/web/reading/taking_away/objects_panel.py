"""A study as DICOM objects: those as scored taken away, and either kind sent to a PACS."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.web.asked import steps_asked
from app.web.context import cards, context
from app.web.failures import error_text, not_saved
from app.web.reading.who_panel import may_see_identity
from app.web.security.identity import Reader, allowed, may
from app.web.session import tell
from app.web.words import gettext
from medical.errors import InputError
from medical.report.objects.kept import ObjectFile, has_headers
from medical.report.objects.scored import scored_objects
from medical.report.objects.signed import signed_objects
from medical.store.database import StoreUnavailableError
from medical.store.tables import Study

NAMELESS = "(no name given)"
_PEER = "objects-peer"


def offers_objects(study_key: str) -> bool:
    """Whether whoever is in front of this browser may have objects of a study, and it can be made.

    Objects name the patient.
    """
    return may_see_identity() and has_headers(context().store, study_key)


def send_panel(study: Study, reader: Reader) -> None:
    """Offer to send a study's objects to a PACS of the settings; nothing where there is none."""
    peers = sorted(context().settings.node.peers)
    if not peers or not may(reader, "export") or not offers_objects(study.key):
        return
    peer = peers[0] if len(peers) == 1 else st.selectbox(gettext("PACS"), peers, key=_PEER)
    st.button(
        gettext("Send to {peer} as signed", peer=peer)
        if study.status == "signed"
        else gettext("Send to {peer} as scored", peer=peer),
        on_click=steps_asked().on_press(
            f"send {study.key} {peer}", partial(_send, study, reader, peer)
        ),
        width="stretch",
        icon=":material/send:",
        help=gettext("Measurement report, segmentation and key images as DICOM objects."),
    )


def _send(study: Study, reader: Reader, peer: str) -> None:
    allowed("export")
    shared, asked, actor = context(), steps_asked(), reader.name or NAMELESS
    if not offers_objects(study.key):
        return
    from medical.node.dispatch import enter_objects

    outbox = shared.settings.work_dir.resolve() / "node" / "outbox"
    try:
        files = (
            signed_objects(shared.store, study.key, actor=actor)
            if study.status == "signed"
            else scored_objects(shared.store, study.key, actor=actor, cards=cards())
        )
        count = enter_objects(
            shared.store,
            outbox,
            peer,
            [file.content for file in files],
            actor=actor,
            key=study.key,
        )
        asked.written()
    except StoreUnavailableError as error:
        tell(not_saved(error))
    except InputError as error:
        tell(error_text(error))
    except OSError:
        tell(gettext("The server could not keep the objects; nothing was sent."))
    else:
        tell(
            gettext("{label} will be sent to {peer}.", label=study.label, peer=peer)
            if count
            else gettext("{peer} has {label} already, or it waits.", label=study.label, peer=peer)
        )


def objects_as_zip(files: Sequence[ObjectFile]) -> bytes:
    """Pack objects under names that say the number of their CT and their form."""
    series = list(dict.fromkeys(file.series_uid for file in files))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(f"{series.index(file.series_uid) + 1}-{file.form}.dcm", file.content)
    return packed.getvalue()
