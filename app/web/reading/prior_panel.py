"""Choose an earlier CT, have it registered, and give the viewer what it needs to show it beside."""

from __future__ import annotations

import streamlit as st

from app.web.components.viewer.component import PriorData
from app.web.components.watch import watch
from app.web.context import context
from app.web.reading.viewer_data import viewer_findings, volume_url
from app.web.security.identity import allowed
from app.web.words import gettext, ngettext, page_language, words
from medical.plain_text import as_markdown
from medical.report.earlier.comparison import Comparison, Prior, change_in, findings_of, priors_of
from medical.results.folder import ResultFolder
from medical.results.images import ViewerImages
from medical.review.reading import ReadFinding
from medical.store.jobs import JobRequest, job_state, request_job

COMPARE = "compare"
"""The part of the address that names the earlier CT beside."""
_LOOK_AGAIN_SECONDS = 1.0


def choose_prior(study_key: str, images: ViewerImages) -> Prior | None:
    """Let the reader choose; nothing is drawn where there is nothing to choose from."""
    priors = {prior.folder: prior for prior in priors_of(context().store, study_key, images)}
    if not priors:
        return None
    names = _names_in_address(list(priors.values()))
    # A choice comes back from the browser as the words that it shows: a widget a language.
    key, named = f"prior-{study_key}-{page_language()}", st.query_params.get(COMPARE, "")
    if key not in st.session_state and named in names:
        st.session_state[key] = names[named]  # after a reload, or in another language
    chosen = st.selectbox(
        gettext("Compare with an earlier CT"),
        list(priors),
        index=None,
        format_func=lambda folder: _named(priors[folder]),
        placeholder=gettext("Compare with an earlier CT"),
        label_visibility="collapsed",
        key=key,
    )
    _keep_in_address(next((name for name, folder in names.items() if folder == chosen), None))
    return priors.get(chosen) if chosen is not None else None


def _names_in_address(priors: list[Prior]) -> dict[str, ResultFolder]:
    """Folders by what stands for them in the address: a study's key and a count, no path or UID."""
    count: dict[str, int] = {}
    names = {}
    for prior in sorted(priors, key=lambda item: item.folder.path):
        count[prior.study_key] = count.get(prior.study_key, 0) + 1
        names[f"{prior.study_key}-{count[prior.study_key]}"] = prior.folder
    return names


def _keep_in_address(name: str | None) -> None:
    if name is None:
        st.query_params.pop(COMPARE, None)
    elif st.query_params.get(COMPARE) != name:
        st.query_params[COMPARE] = name


def compared(folder: ResultFolder, prior: Prior) -> Comparison | None:
    """Return the comparison; ``None``, and a sentence, while or where there is none."""
    if not prior.folder.images_file.is_file():
        st.warning(gettext("The images of {label} have been moved or deleted.", label=prior.label))
        return None
    attempt = folder.read_registration(prior.folder)
    if attempt is None:
        _register(folder, prior.folder)
        return None
    registration = attempt.registration
    if registration is None:
        st.warning(
            gettext(
                "No comparison: {problem}",
                problem=gettext(
                    "the two CTs could not be registered. Are both chest CTs of the same patient?"
                ),
            )
        )
        return None
    return Comparison(prior, findings_of(context().store, prior), registration)


def prior_data(comparison: Comparison, findings: list[ReadFinding]) -> PriorData:
    """Return the earlier CT for the viewer."""
    prior = comparison.prior
    return {
        "url": volume_url(prior.folder.images_file),
        "caption": _named(prior),
        "findings": viewer_findings(comparison.findings),
        "affineLps": comparison.registration.affine_lps_mm[:3].tolist(),
        "pairs": {now.id: then.id for now, then, _ in change_in(comparison, findings).matched},
    }


def _register(folder: ResultFolder, prior: ResultFolder) -> None:
    """Ask for the registration and wait for it, without holding up the page."""
    store, wanted = context().store, JobRequest("register", folder.path, prior.path)

    def state() -> str:
        return f"{job_state(store, wanted)} {folder.read_registration(prior) is None}"

    job = job_state(store, wanted)
    if job is not None and job.status == "failed":
        st.warning(
            gettext("No comparison: {problem}", problem=as_markdown(words().translate(job.failure)))
        )
        if not st.button(gettext("Try again")):
            return
    allowed("compare")
    request_job(store, wanted)
    st.info(gettext("Registering the two CTs. You can keep reading."))
    watch(f"prior-{folder.path}-{prior.path}", state, state(), seconds=_LOOK_AGAIN_SECONDS)


def _named(prior: Prior) -> str:
    if prior.days is None:
        when = prior.day or gettext("date not known")
    else:
        earlier = ngettext("{count} day earlier", "{count} days earlier", prior.days)
        when = f"{prior.day}, {earlier}"
    who = gettext("same patient ID") if prior.same_patient else gettext("patient not known")
    return f"{prior.label} · {when} · {who}"
