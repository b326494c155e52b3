"""A language is a folder below `locale/` with a compiled catalogue, and nothing else has to be told of it."""

from django.conf import settings

from config.languages import discovered


def add(folder, name, catalogue="django.mo"):
    there = folder / name / "LC_MESSAGES"
    there.mkdir(parents=True)
    (there / catalogue).touch()


def test_ours_are_found():
    assert settings.LANGUAGES == [("en", "English"), ("de", "Deutsch")]


def test_a_new_one_is_one_folder(tmp_path):
    add(tmp_path, "nl")
    add(tmp_path, "pt_BR")
    assert discovered(tmp_path) == [("en", "English"), ("nl", "Nederlands"), ("pt-br", "Português Brasileiro")]


def test_one_that_is_not_compiled_is_none_yet(tmp_path):
    add(tmp_path, "nl", "django.po")
    assert discovered(tmp_path) == [("en", "English")]


def test_one_that_django_does_not_know_is_called_by_its_code(tmp_path):
    add(tmp_path, "tlh")
    assert discovered(tmp_path)[1:] == [("tlh", "Tlh")]
