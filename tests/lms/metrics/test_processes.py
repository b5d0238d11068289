import redis

from lms.metrics.processes import KEY, NAMES, Publisher, figures_of_all


def test_each_process_is_seen_until_it_is_gone(redis_url, settings):
    settings.REDIS_URL = redis_url
    one, two = Publisher("web", redis_url), Publisher("worker", redis_url)
    one.publish()
    two.publish()
    assert set(figures_of_all()) == {one.name, two.name}
    assert "attune_requests" in [metric[0] for metric in figures_of_all()[one.name]]
    client = redis.Redis.from_url(redis_url)
    assert 0 < client.ttl(KEY.format(one.name)) <= 15
    client.delete(KEY.format(two.name))  # as when it expires
    assert set(figures_of_all()) == {one.name}
    assert client.smembers(NAMES) == {one.name.encode()}


def test_a_process_that_stops_takes_its_figures_with_it(redis_url, settings):
    settings.REDIS_URL = redis_url
    publisher = Publisher("web", redis_url)
    publisher.publish()
    publisher.start()
    publisher.stop()
    assert figures_of_all() == {}
