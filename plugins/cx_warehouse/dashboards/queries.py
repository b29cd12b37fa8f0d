"""A chart's saved settings and a dashboard's preset filters → the query that a browser sends when the page opens."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Form = Mapping[str, Any]


def chart_query(form: Form, presets: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The body of POST /api/v1/chart/data for a chart; `presets` are the filters that the dashboard sets by itself."""
    adhoc = list(form.get("adhoc_filters") or [])
    filters = [
        {"col": one["subject"], "op": one["operator"], "val": one.get("comparator")}
        for one in adhoc
        if one["expressionType"] == "SIMPLE" and one["operator"] != "TEMPORAL_RANGE"
    ]
    conditions = [f"({one['sqlExpression']})" for one in adhoc if one["expressionType"] == "SQL"]
    query: dict[str, Any] = {
        "columns": _columns(form),
        "filters": [*filters, *presets],
        "extras": {"having": "", "where": " AND ".join(conditions)},
        "row_limit": form.get("row_limit") or 1000,
    }
    if form.get("query_mode") == "raw":
        query["orderby"] = [json.loads(pair) for pair in form.get("order_by_cols") or []]
    else:
        query["metrics"] = list(form.get("metrics") or [form["metric"]])
    datasource, _, kind = str(form["datasource"]).partition("__")
    return {
        "datasource": {"id": int(datasource), "type": kind},
        "force": True,
        "queries": [query],
        "form_data": dict(form),
        "result_format": "json",
        "result_type": "full",
    }


def preset_filters(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The filters that are set when a dashboard opens, of its `json_metadata`."""
    return [
        dict(one)
        for native in metadata.get("native_filter_configuration") or []
        for one in (native.get("defaultDataMask") or {}).get("extraFormData", {}).get("filters", [])
    ]


def _columns(form: Form) -> list[Any]:
    if form.get("query_mode") == "raw":
        return list(form["all_columns"])
    groups = form.get("groupby") or []
    columns: list[Any] = [groups] if isinstance(groups, str) else list(groups)
    axis, grain = form.get("x_axis"), form.get("time_grain_sqla")
    if not axis:
        return columns
    if not grain:
        return [axis, *columns]
    based = {"columnType": "BASE_AXIS", "sqlExpression": axis, "label": axis, "expressionType": "SQL"}
    return [{"timeGrain": grain, **based}, *columns]
