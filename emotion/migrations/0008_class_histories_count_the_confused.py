from django.db import migrations
from django.db.models import F


def put_together_anew(apps, schema_editor):
    """What was put together before does not say how many students looked confused; the buckets do."""
    apps.get_model("emotion", "ClassHistory").objects.update(
        students=None, points=None, total=None, due=True, generation=F("generation") + 1
    )


class Migration(migrations.Migration):
    dependencies = [("emotion", "0007_class_histories_with_states")]

    operations = [migrations.RunPython(put_together_anew, migrations.RunPython.noop)]
