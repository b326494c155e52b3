"""The newest of one company are found by index alone."""

from django.db import migrations

OLD = "CREATE INDEX find_by_company ON accounts_account ((lower(company)) text_pattern_ops)"
NEW = "CREATE INDEX find_by_company ON accounts_account ((lower(company)) text_pattern_ops, created_at)"
DROP = "DROP INDEX find_by_company"


class Migration(migrations.Migration):
    dependencies = [("support", "0002_roles")]
    operations = [migrations.RunSQL([DROP, NEW], [DROP, OLD])]
