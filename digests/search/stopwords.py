"""Words that carry no meaning for search, per language, lower case."""

from __future__ import annotations

_ENGLISH = (
    "a about above after again against ain all also am an and any are aren aren't as at be because been before "
    "being below between both but by can can't cannot could couldn couldn't d did didn didn't do does doesn doesn't "
    "doing don don't down during each either else even ever few for from further had hadn hadn't has hasn hasn't "
    "have haven haven't having he he'd he'll he's her here hers herself him himself his how i i'd i'll i'm i've if "
    "in into is isn isn't it it's its itself just let's ll m me more most must mustn my myself neither no nor not "
    "now o of off on once only or other ought our ours ourselves out over own per re rather s same shall shan she "
    "she's should shouldn shouldn't so some such t than that that's the their theirs them themselves then there "
    "there's these they they'd they'll they're they've this those though through thus to too under until up upon us "
    "ve very was wasn wasn't we we'd we'll we're we've were weren weren't what what's when where which while who "
    "whom whose why will with within without won won't would wouldn wouldn't yet you you'd you'll you're you've "
    "your yours yourself yourselves may might mr mrs ms st nd rd th"
)
_UKRAINIAN = (
    "а аби або адже але ані б бо би був бувши буде будемо будете будеш буду будуть була були було бути в вам вами "
    "вас ваш ваша ваше ваші весь вже ви від він вона вони воно все всього всьому всі всіх всім всіма втім г го да "
    "де деякі для до ж же жодний жоден з за завжди задля замість зі зокрема і із інша інше інші інших й його йому "
    "її їй їм їх їхній їхні їхня каже ким кого кому котрий котра котре котрі коли крім куди лише людина ледве між "
    "мабуть майже мене мені ми мій моя моє мої може можуть має мають мати на навіть над нам нами нас наш наша наше "
    "наші не нас немає нехай нею ним ними них ні ній ну о об один одна одне один-одного окрім ось отже перед під по "
    "поза пізніше після при про проте протягом просто раз с сам сама саме самі свого своє своєї свої своїм своїх "
    "своєму свій своя себе серед собі собою та так така таке такий такі також там твій тебе ти тим тими тих то тобі "
    "тобто того тоді той тому тощо треба тут ту тут у увесь усе усі усіх уже хай хоч хоча хто це цей ця цього цьому "
    "цим цими цих ці цю через чи чий чия чиє чиї чим чому чого що щоб щодо ще якщо як яка яке який які яким якими "
    "яких якого якому якою якої яку є"
)
_JAPANESE = "年 月 日 時 分 的 等 他 約 第 者 化 性 中 内 上 下 前 後 間 方 事 何 今 同 本 各 其 氏"

STOP_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(_ENGLISH.split()),
    "uk": frozenset(_UKRAINIAN.split()),
    "ja": frozenset(_JAPANESE.split()),
}

_ASKING_ENGLISH = (
    "much many long kind sort tell told know known say said says happen happens happened mean means exactly still "
    "already ever so far please explain describe now get got want wanted make made one anything something "
    "according among amount held hold holds since work works working there actually really ago called "
    "name named names list detail details information question answer does like give me became become go goes "
    "going went come came took take takes taken "
)
_ASKING_UKRAINIAN = (
    "скільки таке каже сказав сказала сталося відбулося відбулася відбувся відбулися означає досі вже поясни "
    "розкажи відомо згідно даними даних серед року році рік роки робити робить робитимуть робитиме роблять робив "
    "є "
)
_ASKING_JAPANESE = "結果 教え 今回 何で 内容 場合 詳細 具体 説明 関係 述べ 述 教 言"

QUESTION_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(_ASKING_ENGLISH.split()),
    "uk": frozenset(_ASKING_UKRAINIAN.split()),
    "ja": frozenset(_ASKING_JAPANESE.split()),
}
"""Words that ask or hold a question together; they mean something in a text but nothing in a question."""
