"""Charts as pictures for replies; a chart that cannot be drawn leaves its numbers."""

from __future__ import annotations

import structlog

from bot.commands.services import Services
from digests.charts.spec import Chart
from digests.errors import ChartError

log = structlog.get_logger()


async def picture_of(services: Services, chart: Chart) -> str | None:
    """The key of the chart's picture; None when it could not be drawn, which is logged."""
    try:
        return await services.gallery.key(services.archive, chart, services.now())
    except ChartError as error:
        log.warning("chart.not-drawn", why=str(error))
        return None
