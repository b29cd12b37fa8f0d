"""The sandbox's settings reach a connector through an Airflow connection as a user would fill in its form."""

import json

from stack.local import vendor_connections


def test_user_and_secret_go_into_the_fields_of_the_form() -> None:
    given = {"zendesk": {"base_url": "http://here:1", "email": "a@b.example", "token": "t", "oauth_token": "o"}}
    fields = vendor_connections(given)["zendesk"]
    assert fields["conn_type"] == "cx_zendesk"
    assert (fields["host"], fields["login"], fields["password"]) == ("http://here:1", "a@b.example", "t")
    # what the connector does not know is not handed on
    assert "oauth_token" not in json.dumps(fields)


def test_of_two_ways_to_prove_oneself_one_is_given() -> None:
    account = {"client_email": "x@y.example", "private_key": "k"}
    given = {"ga4": {"base_url": "http://here:2", "property_id": "1", "access_token": "a", "service_account": account}}
    fields = vendor_connections(given)["ga4"]
    extra = json.loads(fields["extra"])
    assert extra["service_account"] == account
    assert extra["property_id"] == "1"
    assert "access_token" not in extra
    assert "password" not in fields
