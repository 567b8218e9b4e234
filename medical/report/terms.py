"""Single terms that the report and the page both say, by the word that the code has for each."""

from __future__ import annotations

from collections.abc import Mapping

from medical.i18n.messages import Message, message
from medical.nodule.growth import INDISTINGUISHABLE

DENSITIES: Mapping[str, Message] = {
    "solid": message("solid"),
    "part-solid": message("part-solid"),
    "ground-glass": message("ground-glass"),
    "calcified": message("calcified"),
    "cavitary": message("cavitary (air inside)"),
}
GROWTHS: Mapping[str, Message] = {
    "grown": message("grown"),
    "shrunk": message("shrunk"),
    INDISTINGUISHABLE: message("not distinguishable from measurement error"),
}
EXAMINATION_KINDS: Mapping[str | None, Message] = {
    None: message("not entered; assumed to be a first screening CT"),
    "baseline": message("first screening CT"),
    "follow-up": message("follow-up screening CT"),
    "incidental": message("CT for another reason"),
}
SEXES: Mapping[str, Message] = {"F": message("female"), "M": message("male")}
RISKS: Mapping[str | None, Message] = {
    None: message("not known"),
    "low": message("low"),
    "high": message("high"),
}
HISTORIES: Mapping[str, Message] = {
    "new": message("new"),
    "growing": message("growing"),
    "slow-growing": message("slow-growing"),
    "stable": message("stable"),
}
CALCIFICATIONS: Mapping[str, Message] = {
    "benign": message("Benign pattern of calcification."),
    "not benign": message("No benign pattern of calcification."),
}
