"""Words of the reading page: English, Chinese."""

from __future__ import annotations

from medical.report.words.reasons import REASONS

WORDS: dict[str, tuple[str, str]] = {
    "no_such_study": (
        "There is no such study. Choose one from the worklist.",
        "没有此检查。请从工作列表中选择。",
    ),
    "not_ready": (
        "This study cannot be read now: it is {state}. Wait until it is ready.",
        "该检查目前不能阅片：状态为{state}。请等待分析完成。",
    ),
    # scored again since
    "folder_differs": (
        "The result folder holds something else by now. What is read here is the result that was "
        "taken in; maps and marks in the folder are not its own and are not shown. As long as "
        "nobody has decided anything, opening the folder again takes the other result in.",
        "结果文件夹的内容已改变。此处所读为当初采用的结果；文件夹中的注意力图和标记不属于该结果，不予显示。"
        "在尚无判定时，重新打开该文件夹即可采用其中的另一结果。",
    ),
    # deciding
    "finding_of": ("Finding {at} of {count}", "发现 {at} / {count}"),
    "decided_of": ("{count} decided", "已判定 {count}"),
    "previous": ("Previous (P)", "上一个 (P)"),
    "next": ("Next (N)", "下一个 (N)"),
    "accept": ("Accept {number}", "确认 {number}"),
    "reject": ("Reject {number}", "否定 {number}"),
    "take_back": ("Take the decision back", "撤回判定"),
    "reason": ("Reason, to reject", "否定原因"),
    "reason_hint": ("choose or type", "选择或输入"),
    "reason_needed": (
        "Not rejected: give a reason first.",
        "未否定：请先填写原因。",
    ),
    **REASONS,
    "name_needed": (
        "Give your name above before you decide: a decision carries it.",
        "判定之前请先在上方填写您的姓名：判定会记录姓名。",
    ),
    "store_gone": (
        "Not saved: the store cannot be reached or cannot write. What you typed is kept; try again "
        "in a moment, or tell whoever runs the server.",
        "未保存：存储无法访问或无法写入。已输入的内容会保留；请稍后重试，或联系服务器管理员。",
    ),
    "store_unreachable": (
        "The store of studies cannot be reached. Nothing is lost: reload the page in a moment, or "
        "tell whoever runs the server.",
        "无法访问检查存储。数据没有丢失：请稍后重新载入页面，或联系服务器管理员。",
    ),
    "with_note": ("{text} ({note})", "{text}（{note}）"),
    "my_density": ("My density", "我的密度判定"),
    "by_model_is": ("{value} (model)", "{value}（模型）"),
    "not_measured": ("not measured", "未测量"),
    "solid_diameter": ("Solid component, mean diameter, mm", "实性成分平均直径，mm"),
    "my_calcification": ("Pattern of calcification", "钙化形态"),
    "my_history": ("Since the earlier examination", "与既往检查相比"),
    "history_hint": ("by the comparison, if there is one", "依据对比（如有）"),
    "my_prior_category": ("Lung-RADS then", "既往 Lung-RADS"),
    "volume_model": ("{ends}, the model's outline", "{ends}，模型勾画"),
    "density_reader": ("by the reader", "阅片者"),
    "density_model": ("by the model", "模型"),
    "unmeasured": (
        "Finding {number} has no size: the model outlines nothing there. "
        "Enter your own diameter, then accept it.",
        "发现 {number} 没有大小：模型未能勾画。请填写您测量的直径，再确认。",
    ),
    "comment": ("Comment", "备注"),
    "my_diameter": ("My diameter, mm", "我的直径测量，mm"),
    "measured_as": ("{size} mm by hand", "手测 {size} mm"),
    "by_hand": ("by hand", "手测"),
    "by_reader": ("added by a reader", "阅片者补充"),
    "verdict_open": ("not decided", "未判定"),
    "verdict_accepted": ("accepted", "已确认"),
    "verdict_rejected": ("rejected", "已否定"),
    "col_decision": ("Decision", "判定"),
    "history": ("All {count} {count:decision|decisions}", "全部 {count} 次判定"),
    # adding
    "add_nodule": ("Missed nodule", "遗漏的结节"),
    "add_hint": (
        "Click on it in the images, then add it here.",
        "在图像上点击该处，然后在此添加。",
    ),
    "add_here": ("Add a nodule here", "在此处添加结节"),
    "not_outlined": (
        "Finding {number}: the model outlines nothing there, so it has no size. "
        "Enter your own diameter, then accept it.",
        "发现 {number}：模型未能勾画，因此没有大小。请填写您测量的直径，再确认。",
    ),
    # signing
    "sign": ("Sign", "签署"),
    "sign_help": (
        "Ends the reading; afterwards nothing can be changed.",
        "结束阅片；签署后不能再修改。",
    ),
    "not_signed": ("Not signed: {problem}", "未签署：{problem}"),
    "report_as_signed": (
        "As it was signed; what changes later, in an earlier CT or the model, is not in it.",
        "与签署时一致；之后既往 CT 或模型的变化不包含在内。",
    ),
    "trail_reports": (
        "the signed reports of {labels} are not what the audit trail says",
        "{labels} 的已签署报告与审计记录不符",
    ),
    "reopen": ("Open again", "重新打开"),
    "decided_meanwhile": (
        "Finding {number} was meanwhile {verdict} by {name}, {at}. "
        "Your decision was not saved: look at theirs, then decide again.",
        "发现 {number} 已由 {name} 于 {at} 判定为：{verdict}。您的判定未保存：请查看后重新判定。",
    ),
    "already_signed": (
        "This study was signed by {name}, {at}, and can no longer be changed. "
        "An administrator can open it again.",
        "该检查已由 {name} 于 {at} 签署，不能再修改。管理员可以重新打开。",
    ),
    "undecided": (
        "Not signed: accept or reject finding {numbers} first.",
        "未签署：请先判定发现 {numbers}。",
    ),
    "changed_meanwhile": (
        "Not signed: another reader changed this study meanwhile. "
        "Look at the changes, then sign again.",
        "未签署：另一位阅片者已修改该检查。请查看更改后再签署。",
    ),
    "changed_by_others": (
        "This study was changed in another window.",
        "该检查已在另一窗口中被修改。",
    ),
    "show_changes": ("Show", "显示"),
    # report
    "report": ("Report", "报告"),
    "report_text": ("Text", "文本"),
}
