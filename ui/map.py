"""Map: the library as a picture, and how it grew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import streamlit as st

from kb import Library, MapPoint, MonthCount, PaperMap
from kb.errors import KbError
from ui import address, markup
from ui.address import Field
from ui.greeting import greet
from ui.session import Revision, header, indexed, is_empty, library, state, t

_COLOURS = ("category", "topic")
_FIELDS = {"colour": Field(default="category", choices=_COLOURS), "find": Field()}
_MOST_GROUPS = 7
_MOST_FOUND = 200
_MOST_LINKS = 8
_LOOK_SECONDS = 1.0
_FEW_MONTHS, _BAR_PIXELS = 6, 36
GRAY = "#7d8489"


def show() -> None:
    """The page."""
    header(t("map"))
    if is_empty():
        greet()
        return
    address.restore("map", _FIELDS)
    st.caption(t("map_text"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        colour = st.segmented_control(t("map_colour"), _COLOURS, format_func=t, key="map-colour", required=True)
        find = st.text_input(t("map_find"), key="map-find", type="search", placeholder=t("find_in_table"), width=320)
    address.keep("map", _FIELDS)
    drawn = _map(*state(), repr(library().topics.list()))
    if not drawn.points:
        st.info(t("map_few"))
        return
    if not drawn.arranged:
        _await(_arranging(), _map.clear, t("map_arranging"))
    if (count := library().papers.count()) > len(drawn.points):
        st.caption(t("map_sample", shown=len(drawn.points), count=count))
    groups = _Groups([getattr(point, colour or "category") for point in drawn.points])
    found = _found(*state(), find.strip()) if find.strip() else None
    _draw(drawn.points, groups, colour or "category", found)
    if found is not None:
        _links(found)
    st.subheader(t("months"), anchor=False)
    counting = _counting(*indexed(), repr(library().topics.list()))
    if counting.done():
        _draw_months(counting.result(), groups, colour or "category")
    else:
        _await(counting, lambda: None, t("map_counting"))


# ------------------------------------------------------------------------------------------------- data


@st.cache_resource(max_entries=4, show_spinner=False)  # points are never changed
def _map(home: str, revision: Revision, topics: str) -> PaperMap:
    return library().view.map()


@st.cache_data(max_entries=32, show_spinner=False)
def _found(home: str, revision: Revision, words: str) -> list[tuple[str, str]]:
    """(id, title) of the papers with these words, best first."""
    return [(paper.id, paper.title) for paper in library().papers.having(words, limit=_MOST_FOUND)]


@st.cache_resource(show_spinner=False)
def _worker() -> ThreadPoolExecutor:
    """One thread for what takes seconds: the page shows what there is until it is done."""
    return ThreadPoolExecutor(1, thread_name_prefix="map")


@st.cache_resource(show_spinner=False)
def _arrangements() -> dict[str, tuple[int, Future[None]]]:
    return {}


def _arranging() -> Future[None]:
    """The arrangement that is being made; while papers come in, one after the other and not one for each batch."""
    home, generation = indexed()
    made_for, future = _arrangements().get(home, (-1, None))
    if future is None or (future.done() and made_for != generation):
        future = _worker().submit(library().view.arrange_map)
        _arrangements()[home] = (generation, future)
    return future


@st.cache_resource(max_entries=4, show_spinner=False)
def _counting(home: str, generation: int, topics: str) -> Future[list[MonthCount]]:
    here: Library = library()
    return _worker().submit(here.view.months)


def _await(future: Future[Any], when_done: Callable[[], object], text: str) -> None:
    """Say what is being made, and draw the page again when it is there."""

    @st.fragment(run_every=_LOOK_SECONDS)
    def look() -> None:
        """Says what is being done, and draws the page again once it is."""
        if not future.done():
            st.caption(f":material/progress_activity: {text}")
        elif isinstance(error := future.exception(), KbError):
            st.caption(markup.plain(str(error)))
        elif error is None and not st.session_state.get(f"seen-{id(future)}"):
            st.session_state[f"seen-{id(future)}"] = True
            when_done()
            st.rerun()

    look()


# ---------------------------------------------------------------------------------------------- drawing


class _Groups:
    """The most frequent names with a colour each; the rest is one, in gray."""

    def __init__(self, names: Sequence[str]) -> None:
        counted = Counter(filter(None, names)).most_common(_MOST_GROUPS)
        self._named = [name for name, _ in counted]
        mode = "dark" if st.context.theme.type == "dark" else "light"
        colours: list[str] = st.get_option(f"theme.{mode}.chartCategoricalColors") or []
        self.scale = {"domain": [*self._named, t("other")], "range": [*colours[: len(counted)], GRAY]}
        # Streamlit's own gray of legends and axes misses AA.
        ink = st.get_option(f"theme.{mode}.textColor")
        self.config = {"legend": {"labelColor": ink}, "axis": {"labelColor": ink, "titleColor": ink}}

    def of(self, name: str) -> str:
        """The group of a name."""
        return name if name in self._named else t("other")


def _draw(points: Sequence[MapPoint], groups: _Groups, colour: str, found: Sequence[tuple[str, str]] | None) -> None:
    axis = {"axis": None, "scale": {"domain": [-1.06, 1.06]}, "type": "quantitative"}
    marked = {key for key, _ in found} if found is not None else set()
    size = 80 if len(points) < 500 else 36
    spec: dict[str, Any] = {
        "mark": {"type": "circle", "cursor": "pointer"},
        "encoding": {
            "x": {"field": "x", **axis},
            "y": {"field": "y", **axis},
            "color": {"field": "group", "type": "nominal", "title": None, "scale": groups.scale,
                      "legend": {"orient": "bottom", "columns": 4, "labelLimit": 150}},
            "opacity": {"condition": {"test": "datum.found", "value": 0.85}, "value": 0.12},
            "size": {"condition": {"test": "datum.marked", "value": 3 * size}, "value": size},
            "description": {"field": "title", "type": "nominal"},
            "tooltip": [{"field": "title", "type": "nominal", "title": t("title")},
                        {"field": "month", "type": "nominal", "title": t("month")},
                        {"field": "name", "type": "nominal", "title": t(colour)}],
        },
        "params": [{"name": "point", "select": {"type": "point", "fields": ["id"]}},
                   {"name": "zoom", "select": "interval", "bind": "scales"}],
        "height": 520,
        "config": groups.config,
        # Shapes, and not pixels: each has its paper's title for a screen reader.
        "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}},
    }  # fmt: skip
    names = [getattr(point, colour) for point in points]
    data = {
        "id": [point.paper_id for point in points],
        "title": [markup.shortened(point.title, 90) for point in points],
        "month": [point.month for point in points],
        "x": [round(point.x, 4) for point in points],
        "y": [round(point.y, 4) for point in points],
        "name": names,
        "group": [groups.of(name) for name in names],
        "found": [found is None or point.paper_id in marked for point in points],
        "marked": [point.paper_id in marked for point in points],
    }
    event: Any = st.vega_lite_chart(
        data, spec, key="map-chart", on_select="rerun", selection_mode="point", alt=t("map_alt", count=len(points))
    )
    chosen = event["selection"].get("point") if event else None
    if chosen:
        st.switch_page("paper.py", query_params={"id": chosen[0]["id"]})


def _links(found: Sequence[tuple[str, str]]) -> None:
    """The papers that were found, also for those who use no mouse."""
    if not found:
        st.caption(t("no_hits"))
    with st.container(gap="xxsmall", key="map-found"):
        for key, title in found[:_MOST_LINKS]:
            st.page_link("paper.py", label=markup.with_maths(title), query_params={"id": key})


def _draw_months(counts: Sequence[MonthCount], groups: _Groups, colour: str) -> None:
    """Papers per month, coloured as the map is."""
    summed: Counter[tuple[str, str]] = Counter()
    for one in counts:
        summed[one.month, groups.of(getattr(one, colour))] += one.count
    rows = sorted(summed.items())
    data: dict[str, list[Any]] = {
        "month": [month for (month, _), _ in rows],
        "group": [group for (_, group), _ in rows],
        "count": [count for _, count in rows],
    }
    few = len(set(data["month"])) <= _FEW_MONTHS
    bars = {
        # A few months are not stretched over the whole width.
        "mark": {"type": "bar"} | ({"size": _BAR_PIXELS} if few else {}),
        "encoding": {
            "x": {"field": "month", "type": "ordinal", "title": None,
                  "axis": {"labelOverlap": True} | ({"labelAngle": 0} if few else {})},
            "y": {"field": "count", "type": "quantitative", "title": t("papers"), "stack": "zero"},
            "color": {"field": "group", "type": "nominal", "title": None, "scale": groups.scale,
                      "legend": {"orient": "bottom", "columns": 4, "labelLimit": 150}},
            "tooltip": [{"field": "month", "type": "nominal", "title": t("month")},
                        {"field": "group", "type": "nominal", "title": t(colour)},
                        {"field": "count", "type": "quantitative", "title": t("papers")}],
        },
        "height": 260,
        "config": groups.config,
        "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}},
    }  # fmt: skip
    total = sum(one.count for one in counts)
    st.vega_lite_chart(data, bars, key="map-months", alt=t("months_alt", count=total))


show()
