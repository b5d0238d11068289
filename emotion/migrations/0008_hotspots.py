from django.db import migrations, models


def put_together_anew(apps, schema_editor):
    """What was put together before has no hot spots yet; it stays as it is until it has."""
    apps.get_model("emotion", "ClassHistory").objects.update(due=True)


class Migration(migrations.Migration):
    dependencies = [("emotion", "0007_class_histories_with_states")]

    operations = [
        migrations.AddField(
            model_name="classhistory",
            name="hotspots",
            field=models.JSONField(help_text="As emotion.hotspots.find_hotspots makes them.", null=True),
        ),
        migrations.AddField(
            model_name="classhistory",
            name="waiting",
            field=models.JSONField(
                default=list, help_text="Which students have new readings, while they are too few to be added together."
            ),
        ),
        migrations.RunPython(put_together_anew, migrations.RunPython.noop),
    ]
