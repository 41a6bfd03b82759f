"""The tasks of a shop, as the definitions in page_samples.cron run them."""

import time


def work(seconds=0.0):
    """Takes that long."""
    time.sleep(seconds)


import_orders = sync_stock = send_reminders = send_newsletter = rebuild_search = close_day = work
price_feed = sitemap = thumbnails = vacuum = work


def charge_cards():
    """Fails."""
    raise ConnectionError("payments.example.org: no answer within 2 s")
