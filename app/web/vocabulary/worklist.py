"""Words of the worklist, the login and the audit trail: English, Chinese."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    # frame and login
    "worklist": ("Worklist", "工作列表"),
    "reading": ("Reading", "阅片"),
    "trail": ("Audit trail", "审计记录"),
    "your_name": ("Reader's name", "阅片者姓名"),
    "reader_is": ("Logged in as {name}", "已登录：{name}"),
    "reader_admin": ("Logged in as {name}, administrator", "已登录：{name}（管理员）"),
    "please_log_in": ("Log in to read studies.", "请登录后阅片。"),
    "log_in": ("Log in", "登录"),
    "log_out": ("Log out", "退出登录"),
    "not_on_the_list": (
        "This login may not read here. Ask an administrator to add your address.",
        "此账户无权阅片。请联系管理员添加您的地址。",
    ),
    "not_allowed": (
        "This is for administrators, or your login has ended. Reload the page.",
        "此操作仅限管理员，或您的登录已结束。请刷新页面。",
    ),
    # adding studies
    "add_study": ("Add a study", "添加检查"),
    # the list
    "search": ("Search", "搜索"),
    "search_hint": (
        "label, UID, reader, comment or reason of a failure",
        "编号、UID、阅片者、备注或失败原因",
    ),
    "state": ("State", "状态"),
    "state_received": ("received", "已接收"),
    "state_scoring": ("scoring", "分析中"),
    "state_ready": ("ready", "待阅"),
    "state_review": ("in review", "阅片中"),
    "state_signed": ("signed", "已签署"),
    "state_failed": ("failed", "失败"),
    "no_studies": ("No study here.", "没有检查。"),
    "page_of": ("Page, of {pages}", "页码（共 {pages} 页）"),
    "col_study": ("Study", "检查"),
    "col_state": ("State", "状态"),
    "col_strongest": ("Strongest finding, 95 %", "最强发现，95%"),
    "col_findings": ("Findings", "发现数"),
    "col_received": ("Received, UTC", "接收时间，UTC"),
    "col_note": ("Progress or note", "进度或说明"),
    "none": ("none", "无"),
    "score_again": ("Score again", "重新分析"),
    "no_longer_failed": (
        "{label} is no longer failed: somebody put it in line already.",
        "{label} 已不再是失败状态：已有人重新提交。",
    ),
    "signed_by": ("Signed by {name}, {at}", "由 {name} 于 {at} 签署"),
    # audit trail
    "trail_check": ("Check the chain", "检查链条"),
    "trail_whole": (
        "{count} {count:entry|entries}, whole. Last hash: {hash}",
        "{count} 条记录，完整。最后哈希：{hash}",
    ),
    "trail_without_key": (
        "Entries up to number {last} carry no key: an earlier version wrote them, and they could "
        "be rewritten until entry {next} closed them off.",
        "编号 {last} 及之前的记录没有密钥：由早期版本写入，在记录 {next} 将其封存之前可能被改写。",
    ),
    "trail_broken": ("The trail is broken: {problem}.", "审计记录已损坏：{problem}。"),
    "trail_decisions": (
        "decisions {rows} are not what the trail says",
        "判定 {rows} 与审计记录不符",
    ),
    "trail_shown": ("The latest {count} {count:entry|entries}.", "最近 {count} 条记录。"),
    "col_when": ("When, UTC", "时间，UTC"),
    "col_who": ("Who", "人员"),
    "col_action": ("What", "操作"),
    "col_subject": ("Study and finding", "检查与发现"),
}
