"""Fetching news feeds and storing their articles: what scripts/fetch_feeds.py runs.

fetch_feeds -> collecting -> fetching -> addresses     whom to ask, and how
                          -> entries  -> prose         what a feed holds
                          -> storing, state            files, and what is known of them
"""
