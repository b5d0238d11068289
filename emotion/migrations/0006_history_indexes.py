import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0001_initial'),
        ('emotion', '0005_course_calibration'),
    ]

    operations = [
        # Sessions are found by the unique constraints' indexes, which begin with them; readings never by their model.
        # Dropped by name: on SQLite, AlterField would copy the table, a quarter of an hour for ten million readings.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='emotionreading',
                    name='session',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='readings', to='emotion.lessonsession'),
                ),
                migrations.AlterField(
                    model_name='emotionreading',
                    name='model_version',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='emotion.modelversion'),
                ),
                migrations.AlterField(
                    model_name='emotionbucket',
                    name='session',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='buckets', to='emotion.lessonsession'),
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    f'DROP INDEX IF EXISTS "{index}"',
                    f'CREATE INDEX "{index}" ON "{table}" ("{column}")',
                )
                for table, column, index in (
                    ('emotion_emotionreading', 'session_id', 'emotion_emotionreading_session_id_776346be'),
                    ('emotion_emotionreading', 'model_version_id', 'emotion_emotionreading_model_version_id_1302017b'),
                    ('emotion_emotionbucket', 'session_id', 'emotion_emotionbucket_session_id_2abf59fa'),
                )
            ],
        ),
        migrations.CreateModel(
            name='ClassHistory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('edition', models.PositiveIntegerField(default=1)),
                ('students', models.PositiveIntegerField(null=True)),
                ('points', models.JSONField(null=True)),
                ('total', models.JSONField(help_text='The points as one, for the history of the course.', null=True)),
                ('put_together_at', models.DateTimeField(null=True)),
                ('generation', models.PositiveIntegerField(default=0)),
                ('due', models.BooleanField(default=True)),
                ('noticed_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When new readings were last seen.')),
                ('lesson', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='class_history', to='courses.lesson')),
            ],
            options={
                'verbose_name_plural': 'class histories',
            },
        ),
    ]
