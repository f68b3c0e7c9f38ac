"""Map: the library as a picture, and how it grew."""

from __future__ import annotations

from collections import Counter
from typing import Any

import streamlit as st

from kb.library.mapping import MapPoint
from ui import address, markup
from ui.address import Field
from ui.greeting import greet
from ui.session import header, is_empty, library, t

_COLOURS = ("category", "topic")
_FIELDS = {"colour": Field(default="category", choices=_COLOURS)}
_MOST_GROUPS = 7
_MOST_POINTS = 5000


def show() -> None:
    """The page."""
    header(t("map"))
    if is_empty():
        greet()
        return
    address.restore("map", _FIELDS)
    st.caption(t("map_text"))
    colour = st.segmented_control(t("map_colour"), _COLOURS, format_func=t, key="map-colour", required=True)
    address.keep("map", _FIELDS)
    here = library()
    points = _points(str(here.home.path), here.generation(), repr(here.topics()))
    if len(points) < 3:
        st.info(t("map_few"))
        return
    count = here.count()
    if count > len(points):
        st.caption(t("map_sample", shown=len(points), count=count))
    groups = _groups([getattr(point, colour or "category") for point in points])
    _draw(points, groups)
    titles = {point.paper_id: point.title for point in points}
    chosen = st.selectbox(t("open_which"), list(titles), index=None, format_func=titles.__getitem__, key="map-open")
    if chosen:
        st.switch_page("paper.py", query_params={"id": chosen})
    _months(points, groups)


@st.cache_data(max_entries=4, show_spinner=False)
def _points(home: str, generation: int, topics: str) -> list[MapPoint]:
    return library().paper_map(limit=_MOST_POINTS)


def _groups(names: list[str]) -> list[str]:
    """The most frequent names as they are, the rest as one."""
    frequent = {name for name, _ in Counter(filter(None, names)).most_common(_MOST_GROUPS)}
    return [name if name in frequent else t("other") for name in names]


def _draw(points: list[MapPoint], groups: list[str]) -> None:
    axis = {"axis": None, "scale": {"domain": [-1.08, 1.08]}, "type": "quantitative"}
    spec: dict[str, Any] = {
        "mark": {"type": "circle", "size": 70 if len(points) < 500 else 25, "opacity": 0.75},
        "encoding": {
            "x": {"field": "x", **axis},
            "y": {"field": "y", **axis},
            "color": {"field": "group", "type": "nominal", "title": None, "legend": {"orient": "bottom"}},
            "tooltip": [{"field": "title", "type": "nominal", "title": t("title")},
                        {"field": "month", "type": "nominal", "title": t("month")}],
        },
        "params": [{"name": "point", "select": {"type": "point", "fields": ["id"]}},
                   {"name": "zoom", "select": "interval", "bind": "scales"}],
        "height": 460,
    }  # fmt: skip
    data = {
        "id": [point.paper_id for point in points],
        "title": [markup.shortened(point.title, 90) for point in points],
        "month": [point.month for point in points],
        "x": [point.x for point in points],
        "y": [point.y for point in points],
        "group": groups,
    }
    event: Any = st.vega_lite_chart(
        data, spec, key="map-chart", on_select="rerun", selection_mode="point", alt=t("map_alt", count=len(points))
    )
    chosen = event["selection"].get("point") if event else None
    if chosen:
        st.switch_page("paper.py", query_params={"id": chosen[0]["id"]})


def _months(points: list[MapPoint], groups: list[str]) -> None:
    st.subheader(t("months"), anchor=False)
    counted = Counter((point.month, group) for point, group in zip(points, groups, strict=True) if point.month)
    rows = sorted(counted.items())
    data = {
        t("month"): [month for (month, _), _ in rows],
        "group": [group for (_, group), _ in rows],
        t("papers"): [count for _, count in rows],
    }
    st.bar_chart(data, x=t("month"), y=t("papers"), color="group", alt=t("months"), height=240)


show()
