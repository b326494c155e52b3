"""A set-up step under one name, while a worker of the release before runs beside.

It knows a platform's step by the bare name of its function, and would owe it again, with another key, to
everybody who has it by its path. Its INSERT says ON CONFLICT DO NOTHING and takes a row that is not made calmly.
Names of our own, and paths, never come to the function.
"""

from django.db import migrations

CREATE = """
    CREATE FUNCTION provisioning_one_name() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM provisioning_step AS there
            WHERE there.account_id = NEW.account_id AND there.occasion = ''
                AND right(there.kind, length(NEW.kind) + 1) = '.' || NEW.kind
        ) THEN
            RETURN NULL;
        END IF;
        RETURN NEW;
    END
    $$;
    CREATE TRIGGER provisioning_one_name BEFORE INSERT ON provisioning_step FOR EACH ROW
    WHEN (NEW.occasion = '' AND NEW.kind NOT IN ('welcome_email', 'workspace') AND position('.' IN NEW.kind) = 0)
    EXECUTE FUNCTION provisioning_one_name();
"""
DROP = "DROP TRIGGER provisioning_one_name ON provisioning_step; DROP FUNCTION provisioning_one_name();"


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0003_attribution")]
    operations = [migrations.RunSQL(CREATE, DROP)]
