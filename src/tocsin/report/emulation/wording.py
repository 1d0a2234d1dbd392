"""The fixed text of the report of an emulated trial, English and Chinese side by side, on top of `report.wording`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Report of an emulated trial", "目标试验模拟报告"),
    "device": (
        "Research software. Not a medical device; not for diagnosis or treatment decisions.",
        "研究软件。本软件不是医疗器械，不得用于诊断或治疗决策。",
    ),
    # sections
    "section.answer": ("The answer", "结论"),
    "section.naive": ("Plain comparisons beside the emulated trial", "直接比较与模拟试验并列"),
    "section.trial": ("The trial that is emulated", "所模拟的试验"),
    "section.who": ("Who is in it, who left, and why", "纳入、退出与原因"),
    "section.curves": ("Risk over time in each arm", "各组风险随时间的变化"),
    "section.effects": ("Every estimate", "全部估计值"),
    "section.weights": ("What the weights rest on", "权重的依据"),
    "section.positivity": ("Who could be started, and who was", "可能用药者与实际用药者"),
    "section.balance": ("Are the arms alike?", "两组是否可比"),
    "section.sensitivity": ("What moves the answer", "哪些选择会改变结论"),
    "section.competing": ("What ends the chance of the outcome", "竞争事件"),
    # the answer
    "answer.risks": (
        'Had everybody followed "{arm}", {risk} would have had {outcome} within {hours} h of time zero{limits}; '
        'had everybody followed "{against}", {risk_against}{limits_against}: a difference of {difference}'
        "{interval}.",
        "若所有患者均遵循“{arm}”，时间零点后 {hours} 小时内发生“{outcome}”的比例为 {risk}{limits}；若均遵循“"
        "{against}”，则为 {risk_against}{limits_against}；差值为 {difference}{interval}。",
    ),
    "answer.cannot": ("The effect on {outcome} cannot be estimated: {why}.", "无法估计对“{outcome}”的影响：{why}。"),
    "answer.why_unknown": ("the results give no reason", "结果中未说明原因"),
    "answer.allows": ("What this number of patients allows: {allows}", "该例数所允许的结论：{allows}"),
    "answer.nor": ("Nor can the effect on: {outcomes}.", "以下结局的影响亦无法估计：{outcomes}。"),
    "answer.no_outcome": ("The results name no outcome: nothing was asked.", "结果中没有结局：未提出问题。"),
    "answer.no_interval": (" (no interval: nobody was drawn again)", "（无区间：未做重抽样）"),
    "answer.limits": (" ({level} % CI {low} to {high})", "（{level} % CI {low} 至 {high}）"),
    "answer.includes": (
        "The interval holds no difference, a benefit and a harm alike: these records do not decide it.",
        "区间同时包含无差异、获益与危害：这些记录尚不能定论。",
    ),
    "answer.caption": ("Emulated risks {hours} h after time zero", "时间零点后 {hours} 小时的模拟风险"),
    "answer.use.no": (
        "Too few patients for a main result: the numbers below show how the analysis works, no more.",
        "患者过少，不能作为主要结果：以下数字仅展示分析过程。",
    ),
    "answer.replicates": ("Of this interval: {note}.", "关于此区间：{note}。"),
    "answer.exceeded": (
        "The settings go beyond what these patients carry: {exceeded}.",
        "设置超出样本所能支持：{exceeded}。",
    ),
    "answer.based": (
        "{courses} courses, {starts} with a first dose that counts, {events} with the outcome, {competing} ended by "
        "the competing event, {lost} lost before the horizon.",
        "{courses} 个疗程，其中 {starts} 个计入首剂，{events} 个发生结局，{competing} 个因竞争事件终止，{lost} 个在"
        "随访终点前失访。",
    ),
    "points": ("{value} percentage points", "{value} 个百分点"),
    "not_run": ("not run", "未运行"),
    "choices.unknown": (
        "No value of {what} could be estimated, or there was no time to run it; the table says which.",
        "{what}：均无法估计或未及运行，详见下表。",
    ),
    "points.short": ("points", "个百分点"),
    "no_estimate": ("cannot be estimated", "无法估计"),
    # naive beside emulated
    "analysis.by_received": ("Arms by what was received", "按实际用药分组"),
    "analysis.treated_or_not": ("Treated or not", "用药与未用药"),
    "analysis.aligned_unadjusted": ("Same start, not weighted", "同一起点，未加权"),
    "analysis.emulated": ("Emulated trial", "模拟试验"),
    "analysis.emulated_truncated": ("Emulated, weights cut", "模拟试验，权重截断"),
    "analysis.g_formula": ("g-formula, cross-check", "g 公式（核对）"),
    "naive.kind.naive": ("Naive: the arm is known only afterwards", "直接比较：分组依据事后情况"),
    "naive.kind.aligned": ("Same time zero, selection left in", "同一时间零点，未去除选择"),
    "naive.kind.answers": ("Emulated: the answer, and two checks of it", "模拟试验：结论及两项核对"),
    "naive.fewer": ("fewer with {arm}", "{arm}较少"),
    "naive.more": ("more with {arm}", "{arm}较多"),
    "naive.head.risks": ("{arm} / {against}", "{arm} / {against}"),
    "naive.head.difference": ("difference, points", "差值（百分点）"),
    "naive.axis": ("risk difference in percentage points, {arm} less {against}", "率差（百分点），{arm} − {against}"),
    "naive.title": (
        "{outcome} by {hours} h: one question, several analyses",
        "{hours} 小时内“{outcome}”：同一问题，多种分析",
    ),
    "naive.caption": (
        "Dots are risk differences, bars their {level} % intervals where one was made. Filled: the analysis that "
        "answers the question. Squares: naive analyses; their intervals do not know of their error.",
        "圆点为率差，横线为 {level} % 区间（如有）。实心：回答问题的分析。方块：直接比较，其区间不反映其偏倚。",
    ),
    "naive.none": ("No analysis gave a risk difference: {why}.", "没有任何分析给出率差：{why}。"),
    "naive.gap": (
        "Grouping by what was received says {naive}; the emulated trial says {emulated}. Both read the same records: "
        "what lies between them ({gap}) is made by how patients are put into arms, and by chance.",
        "按实际用药分组得到 {naive}；模拟试验得到 {emulated}。两者使用相同记录：其间的差距（{gap}）来自分组方式与随"
        "机波动。",
    ),
    "naive.no_gap": (
        "The two cannot be set side by side: {missing} cannot be estimated.",
        "两者无法并列：{missing}无法估计。",
    ),
    "naive.immortal.term": ("Immortal time", "不朽时间"),
    "naive.immortal": (
        "Whoever got the drug late had to reach that hour without the outcome or death ending the wait. That waiting "
        "time is counted for the late arm, although nobody in it could have failed.",
        "较晚用药者必须先活到该时刻且未发生结局。这段等待时间计入晚用药组，而该组在此期间不可能发生事件。",
    ),
    "naive.outcome.term": ("An arm made of the outcome", "以结局定义的组别"),
    "naive.outcome": (
        "Where an arm waits for severe toxicity before it gives the drug, everybody found in that arm has already "
        "had it. Patients who were watched in the same way and never worsened got no drug and are in no arm.",
        "若某组待出现重度毒性才用药，则归入该组者均已发生重度毒性。以同样方式观察而未加重者没有用药，因此不在任何组"
        "中。",
    ),
    "naive.indication.term": ("The sicker are treated", "病情重者更可能用药"),
    "naive.indication": (
        "A ward gives the drug to those who look worse. Without weights, their worse course is laid at the drug's "
        "door.",
        "病房更倾向给病情重者用药。不加权时，其较差的病程会被归因于药物。",
    ),
    "naive.instead.term": ("What the emulation does", "模拟试验的做法"),
    "naive.instead": (
        "Everybody starts at the same moment, when nobody can yet be told apart. Each patient is copied into every "
        "arm; a copy leaves the arm in the hour in which the real care no longer follows it. Those who stay are "
        "weighted to stand for those who left with the same signs, so that nobody is sorted by what came later. It "
        "rests on the signs that were recorded: what the ward saw and nobody wrote down cannot be undone.",
        "所有人从同一时刻开始，此时尚无法区分。每位患者复制到每一组；实际治疗不再符合该组策略时，该副本即退出。留下"
        "者按相同体征加权以代表退出者，因此无人按事后情况分组。其前提是体征均有记录：病房看到而未记录的情况无法校正"
        "。",
    ),
    "naive.caption.table": (
        "The same question by analysis, {hours} h after time zero",
        "同一问题的各种分析，时间零点后 {hours} 小时",
    ),
    "naive.fold": ("All outcomes and hours: show {n} rows", "全部结局与时点：展开 {n} 行"),
    "naive.caption.all": ("All outcomes and hours", "全部结局与时点"),
    # the trial
    "trial.target": (
        "The trial one would run, and how these records emulate it (TARGET 2025)",
        "理想试验与本次模拟（TARGET 2025）",
    ),
    "trial.none": ("The results hold no protocol.", "结果中没有方案。"),
    "trial.default": (
        "study.toml has no [protocol]: this one was made from its strategies. To change it, write what stands below.",
        "study.toml 中没有 [protocol]：本方案由其策略自动生成。如需更改，请写入以下内容。",
    ),
    "trial.toml": ("The protocol as it can be written into study.toml", "可写入 study.toml 的方案"),
    "trial.grace": (
        "Grace period {hours} h, starts {initiation}.",
        "宽限期 {hours} 小时，用药时间分布：{initiation}。",
    ),
    "trial.asked": ("What was asked about", "所问结局"),
    "initiation.uniform": ("spread evenly over it", "均匀分布"),
    "initiation.natural": ("as the ward starts, the rest in its last hour", "按病房实际，其余在最后一小时"),
    "initiation.observed": ("as the ward starts", "按病房实际"),
    # who
    "who.outcome_flow": ("Who is out for one outcome only", "仅就某一结局排除"),
    "who.outcome_none": ("No course is out for one outcome only.", "没有仅就某一结局排除的疗程。"),
    "who.clones": ("What became of each arm's copies ({outcome})", "各组副本的去向（{outcome}）"),
    "who.clones_none": ("No patient was copied into an arm.", "没有患者被复制到任何组。"),
    "who.every": (
        "Every course stands once in every arm. A copy that leaves is counted until then; what the arm has lost is "
        "carried by the weights of those who stay.",
        "每个疗程在每组中各出现一次。退出的副本计入至退出时为止；该组失去的部分由留下者的权重代表。",
    ),
    # curves
    "curves.title": ("{outcome}: cumulative incidence, emulated", "{outcome}：模拟的累积发生率"),
    "curves.none": ("No curve of {outcome}: {why}.", "没有“{outcome}”的曲线：{why}。"),
    "curves.caption": (
        "Risk if everybody had followed the arm, {level} % pointwise interval bands where made; the competing event "
        "is counted as such. Below: copies still following the arm.",
        "若所有人均遵循该组时的风险，色带为 {level} % 逐点区间（如有）；竞争事件按竞争处理。下方：仍遵循该组的副本数。",
    ),
    "curves.clones": ("Copies still following", "仍遵循的副本数"),
    "curves.alt": ("{arm}: {risk} after {hours} h.", "{arm}：{hours} 小时 {risk}。"),
    "curves.compare.title": ("{outcome}: the same arm by analysis", "{outcome}：各组按分析方法"),
    "curves.compare.caption": (
        "Each panel is an arm. Where the unweighted line leaves the emulated one, selection was at work.",
        "每格为一组。未加权曲线偏离模拟曲线之处，即存在选择。",
    ),
    "axis.hours": ("hours after time zero", "时间零点后（小时）"),
    "axis.risk": ("risk", "风险"),
    # effects
    "effects.none": ("Nothing was estimated.", "没有估计值。"),
    "effects.order": (
        "Risk differences first; the hazard ratio last, because it has no meaning as an effect once it changes with "
        "time.",
        "率差居首；风险比居末，因其随时间变化时不具有效应含义。",
    ),
    # weights
    "weights.title": (
        "Effective number, largest weight and mean weight by hour",
        "有效例数、最大权重与平均权重（逐小时）",
    ),
    "weights.none": ("There are no weights: {why}.", "没有权重：{why}。"),
    "weights.effective": ("effective number (dotted: copies)", "有效例数（点线：副本数）"),
    "weights.largest": ("largest weight (logarithmic)", "最大权重（对数刻度）"),
    "weights.mean": ("mean weight (1 is expected)", "平均权重（期望为 1）"),
    "weights.caption": (
        "The effective number is what the weighted copies are worth as patients of equal weight. A mean weight far "
        "from 1: the model of the start is wrong, or nobody started in an hour in which the arm would.",
        "有效例数为加权副本折合的等权患者数。平均权重明显偏离 1：用药模型有误，或某小时该组应有用药而无人用药。",
    ),
    "weights.alt": (
        "{arm}: effective number at least {effective}, largest weight {largest}, mean weight {low} to {high}.",
        "{arm}：有效例数最低 {effective}，最大权重 {largest}，平均权重 {low} 至 {high}。",
    ),
    "weights.caption.table": ("Weights at the printed hours", "所列时点的权重"),
    "weights.last": ("The last hour of the grace period", "宽限期最后一小时"),
    "weights.last.note": (
        "Starts that crowd into the last hour carry the weight of all who should have been started by then: a large "
        "share on a few patients means the arm rests on them.",
        "集中于最后一小时的用药承载所有应在此前用药者的权重：若少数患者占比很大，则该组结果依赖这些患者。",
    ),
    "weights.last.none": ("No arm has a grace period.", "没有设宽限期的组。"),
    "weights.model": ("What the chance of a first dose was modelled on", "首剂概率模型的协变量"),
    "weights.model.none": ("No model of the first dose was fitted.", "未拟合首剂模型。"),
    "weights.fit": ("Fitted by {fit}.", "拟合方法：{fit}。"),
    # positivity
    "positivity.title": ("First doses by grade and hours from time zero", "首剂：按分级与时间零点后小时数"),
    "positivity.none": ("No hour at risk of a first dose was counted: {why}.", "没有可供首剂的风险小时：{why}。"),
    "positivity.caption": (
        "In each cell first doses / hours at risk; the darker, the likelier. Hatched: hours at risk in which nobody, "
        "or everybody, started, where the model speaks alone. Empty: nobody was there.",
        "每格为首剂数 / 风险小时数；颜色越深概率越高。斜线：有风险小时但无人用药或全部用药，此处完全依赖模型。空白："
        "无人处于该状态。",
    ),
    "positivity.alt": (
        "{cells} cells with hours at risk, {empty} of them without a choice.",
        "{cells} 个格有风险小时，其中 {empty} 个无变异。",
    ),
    "positivity.empty": ("Cells in which the model speaks alone", "完全依赖模型的格"),
    "positivity.full": (
        "In every cell with hours at risk some were started and some were not.",
        "每个有风险小时的格中均有用药者与未用药者。",
    ),
    "positivity.hours": ("{low} to {high} h", "{low}–{high} 小时"),
    # balance
    "balance.title": ("Standardised differences between the arms, {contrast}", "两组标准化差异，{contrast}"),
    "balance.time.title": (
        "Largest standardised difference over time, {contrast}",
        "最大标准化差异随时间的变化，{contrast}",
    ),
    "balance.none": ("Balance could not be reckoned: {why}.", "无法计算均衡性：{why}。"),
    "balance.caption": (
        "Values at time zero of the copies still in the arms at the hour above. Hollow: without weights; filled: "
        "weighted. Within the grey band (0.1) the arms are alike; with few effective patients chance alone goes "
        "beyond it.",
        "为该时点仍在组内副本的时间零点取值。空心：未加权；实心：加权。灰带（0.1）内视为均衡；有效例数少时，随机波动"
        "即可超出。",
    ),
    "balance.time.caption": (
        "The largest of all covariates, of values at time zero. Weights ought to keep the solid line low.",
        "所有协变量（时间零点取值）中的最大值。加权后实线应保持较低。",
    ),
    "balance.alt": (
        "After {hours} h: largest difference {weighted} weighted ({name}), {unweighted} without weights.",
        "{hours} 小时：加权后最大差异 {weighted}（{name}），未加权 {unweighted}。",
    ),
    "balance.weighted": ("weighted", "加权"),
    "balance.unweighted": ("without weights", "未加权"),
    "balance.caption.table": ("Standardised differences by hour", "各时点标准化差异"),
    "balance.baseline": ("at time zero", "时间零点"),
    "balance.now": ("now", "当前"),
    "balance.axis": ("standardised difference", "标准化差异"),
    # sensitivity
    "grid.title": (
        "Risk difference by trigger and grace period, {arm} less {against}, {hours} h",
        "不同触发温度与宽限期下的率差，{arm} − {against}，{hours} 小时",
    ),
    "grid.none": ("The trigger and the grace period were not varied.", "未改变触发温度与宽限期。"),
    "grid.threshold": ("trigger, °C", "触发温度（°C）"),
    "grid.grace": ("grace period, h", "宽限期（小时）"),
    "grid.caption": (
        "Percentage points, the interval in small type where made; below it the courses. Framed: the main analysis. "
        "Hatched: no number. Another trigger is another question: other patients enter at another moment.",
        "单位为百分点，小字为区间（如有），其下为疗程数。加框：主分析。斜线：无结果。触发温度不同即问题不同：入组患"
        "者与时刻均不同。",
    ),
    "grid.alt": (
        "{n} combinations, from {low} to {high}; {none} without a number.",
        "{n} 种组合，{low} 至 {high}；{none} 种无结果。",
    ),
    "choices.title": (
        "Risk difference as one open choice moves, {arm} less {against}, {hours} h",
        "逐一改变可选参数时的率差，{arm} − {against}，{hours} 小时",
    ),
    "choices.none": ("No open choice was varied.", "未改变任何可选参数。"),
    "choices.caption": (
        "One choice moves, all others stay. Dashed line: the main analysis. Percentage points.",
        "每次仅改变一个选择。虚线：主分析。单位为百分点。",
    ),
    "choices.alt": ("{n} values, from {low} to {high}.", "{n} 个取值，{low} 至 {high}。"),
    "sensitivity.caption": ("The emulated difference as one choice moves", "逐一改变选择时的模拟差值"),
    "sensitivity.one": (
        "These are not further answers to choose from: they say how far the one answer depends on a choice.",
        "这些并非可供挑选的其他答案，而是说明结论对某一选择的依赖程度。",
    ),
    "main": ("main analysis", "主分析"),
    # competing
    "competing.title": (
        "What ends the chance of {outcome}: cumulative incidence, emulated",
        "{outcome}的竞争事件：模拟的累积发生率",
    ),
    "competing.caption": (
        "An arm that kills more looks as if it prevented the outcome: read the two risks together.",
        "死亡较多的组看似预防了结局：两种风险须一并阅读。",
    ),
    "competing.zero": ("No competing event in either arm ({outcome}).", "两组均无竞争事件（{outcome}）。"),
    "competing.caption.table": ("Risk of the competing event at the printed hours", "所列时点的竞争事件风险"),
    "competing.none": ("No risk of a competing event was estimated.", "没有竞争事件风险的估计。"),
    # back
    "methods.emulation": (
        "Each course eligible at time zero was copied into every arm; a copy is censored in the step of {grid} h in "
        "which the care it got no longer follows the arm. The chance of a first dose in a step was modelled once, on "
        "the courses before they were copied, by pooled logistic regression on what was known when the step began ("
        "{fit}); the weights of every arm follow from it. Risks are weighted Aalen-Johansen estimates, the competing "
        "event counted as such; {intervals}. Beside them stand the same with the largest weights cut, a parametric "
        "g-formula, the copies without weights, and the comparisons usually made. Risk differences lead; the "
        "weighted hazard ratio stands last.",
        "时间零点符合条件的每个疗程复制到各组；当其实际治疗在某一 {grid} 小时步长内不再符合该组策略时，该副本删失。"
        "首剂概率在复制前的疗程上以合并 logistic 回归拟合一次，依据该步长开始时的已知信息（{fit}）；各组权重由此得出"
        "。风险为加权 Aalen-Johansen 估计，竞争事件按竞争处理；{intervals}。并列：截断大权重、参数 g 公式、未加权副"
        "本及常用的直接比较。以率差为主；加权风险比居末。",
    ),
    "methods.intervals": (
        "{level} % intervals come from {replicates} bootstrap replicates by patient, all arms together",
        "{level} % 区间来自按患者自助抽样 {replicates} 次，各组同抽",
    ),
    "methods.no_intervals": ("no intervals were made", "未给出区间"),
    "provenance.bootstrap": ("intervals", "区间"),
    "provenance.replicates": (
        "{replicates} replicates by patient ({draw}), {failed} failed",
        "按患者重抽样 {replicates} 次（{draw}），失败 {failed} 次",
    ),
    "provenance.none": ("no replicates: no intervals", "未做重抽样：无区间"),
    "draw.multinomial": ("with replacement", "有放回"),
    "draw.bayesian": ("Bayesian weights", "贝叶斯权重"),
    "use.no": ("not as a main result", "不作为主要结果"),
    "use.exploratory": ("exploratory", "探索性"),
    "use.careful": ("with care", "谨慎解读"),
    "use.full": ("full", "完整"),
    # heads
    "head.analysis": ("analysis", "分析"),
    "head.does": ("what it does", "做法"),
    "head.risk": ("risk", "风险"),
    "head.risk_of": ("risk, {arm}", "风险，{arm}"),
    "head.risk_difference": ("difference", "差值"),
    "head.answers": ("answers the question", "回答问题"),
    "head.cut": ("with weights cut", "权重截断"),
    "head.know": ("what to know", "说明"),
    "head.hours_after": ("hours", "小时"),
    "head.element": ("element", "要素"),
    "head.specification": ("the trial one would run", "理想试验"),
    "head.emulation": ("how these records emulate it", "本次模拟"),
    "head.competing": ("what ends the chance of it", "竞争事件"),
    "head.starts": ("first doses", "首剂"),
    "head.ended": ("ended by it", "因其终止"),
    "head.lost": ("lost", "失访"),
    "head.use": ("what n allows", "例数所允许"),
    "head.step": ("step", "步骤"),
    "head.in": ("in", "进入"),
    "head.out": ("out", "剩余"),
    "head.clones": ("copies", "副本"),
    "head.too_early": ("left: dose before due", "退出：提前用药"),
    "head.too_late": ("left: no dose in time", "退出：逾期未用药"),
    "head.stayed": ("followed to the end", "遵循至终"),
    "head.effective": ("effective number", "有效例数"),
    "head.largest": ("largest weight", "最大权重"),
    "head.mean": ("mean weight", "平均权重"),
    "head.grace": ("grace period, h", "宽限期（小时）"),
    "head.last_hour": ("starts in its last step", "最后一步用药数"),
    "head.last_share": ("share of the arm's weight", "占该组权重比例"),
    "head.covariate": ("covariate", "协变量"),
    "head.unknown": ("unknown in", "未知比例"),
    "head.age": ("age of the value, h", "数值时龄（小时）"),
    "head.odds": ("odds ratio of a dose in the hour", "该小时用药的比值比"),
    "head.grade": ("grade", "分级"),
    "head.band": ("hours", "小时"),
    "head.at_risk": ("hours at risk", "风险小时"),
    "head.chance": ("chance in an hour", "每小时概率"),
    "head.when": ("value", "取值时间"),
    "head.smd_weighted": ("weighted", "加权"),
    "head.smd_plain": ("without weights", "未加权"),
    # the tables of the results
    "table.protocol": ("the trial one would run beside what the records allow", "理想试验与本次模拟"),
    "table.asked": ("outcomes asked about, and how far these patients carry an answer", "所问结局及样本的支持程度"),
    "table.flow": ("who left, and why", "排除流程"),
    "table.eligible": ("one row a course in the trial", "纳入试验的疗程"),
    "table.comparison": ("naive analyses beside the emulated one", "直接比较与模拟试验并列"),
    "table.risks": ("cumulative incidence by arm and analysis", "各组各分析的累积发生率"),
    "table.followed": ("what became of each arm's copies", "各组副本去向"),
    "table.weights": ("weights by hour and arm", "各组逐小时权重"),
    "table.covariates": ("the model of the first dose", "首剂模型"),
    "table.positivity": ("who could start and who did", "可能用药者与实际用药者"),
    "table.balance": ("standardised differences over time", "标准化差异随时间变化"),
    "table.grid": ("the answer as choices move", "选择变动时的结果"),
}
