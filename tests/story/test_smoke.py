import pytest


@pytest.mark.parametrize("role", ["moderator", "host", "displaced", "newcomer"])
def test_people_of_the_demo_sign_in_with_a_mailed_code(person, role):
    somebody = person(f"{role}@demo.example.org")
    codes = len(somebody.letters("your code"))

    somebody.sign_in()

    assert len(somebody.letters("your code")) == codes + 1
