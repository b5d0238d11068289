import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0001_initial'),
        ('emotion', '0004_session_mode'),
    ]

    operations = [
        migrations.AlterField(
            model_name='consent',
            name='version',
            field=models.CharField(default='2026-11-c', max_length=20),
        ),
        migrations.AddField(
            model_name='selfreport',
            name='features',
            field=models.JSONField(blank=True, help_text='By name: emotion.core.affect.FEATURES.', null=True),
        ),
        migrations.CreateModel(
            name='CourseCalibration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fitted_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('answers', models.PositiveIntegerField(default=0)),
                ('students', models.PositiveIntegerField(default=0)),
                ('newest_answer_at', models.DateTimeField(blank=True, null=True)),
                ('shortfall', models.CharField(blank=True, help_text='What is missing, while it is uncalibrated.', max_length=120)),
                ('fitted', models.JSONField(blank=True, help_text='emotion.core.affect_calibration.Calibration', null=True)),
                ('course', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='calibration', to='courses.course')),
            ],
        ),
    ]
