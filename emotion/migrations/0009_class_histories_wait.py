from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("emotion", "0008_class_histories_count_the_confused")]

    operations = [
        migrations.AddField(
            model_name="classhistory",
            name="waiting",
            field=models.JSONField(
                default=list, help_text="Which students have new readings, while they are too few to be added together."
            ),
        ),
    ]
